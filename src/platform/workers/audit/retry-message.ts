import type { Logger } from '../../../ports/logger.ts';
import type { Random } from '../../../ports/random.ts';

/**
 * The one way in which an audit message is not brought to its sink, whatever the reason: it waits, longer after each
 * attempt, and is put into the Queue anew before the Queue would drop it. So none is lost to a retry limit. Without the
 * Queue at hand there is nothing but to wait.
 */
export interface TryLaterDeps {
  /** The Queue itself; undefined where it is not bound. */
  readonly queue: Pick<Queue, 'send'> | undefined;
  readonly random: Random;
  readonly logger: Logger;
}

const FIRST_RETRY_S = 15;
const LONGEST_RETRY_S = 3600;
/** Two days of an hour each: well within what a Queue keeps a message for, and below `max_retries` of the deployment. */
const SEND_ANEW_AFTER_ATTEMPTS = 48;

/** `retryAfterMs` is what the far end asked for. */
export async function retryMessage(
  message: Message,
  { queue, random, logger }: TryLaterDeps,
  retryAfterMs: number | null = null,
): Promise<void> {
  const { attempts, body } = message;
  const backoffS = Math.min(FIRST_RETRY_S * 2 ** (attempts - 1), LONGEST_RETRY_S);
  const wantedS = Math.max((backoffS * (1 + random.next())) / 2, (retryAfterMs ?? 0) / 1000);
  const delaySeconds = Math.min(Math.ceil(wantedS), LONGEST_RETRY_S);
  if (attempts < SEND_ANEW_AFTER_ATTEMPTS || queue === undefined) {
    message.retry({ delaySeconds });
    return;
  }
  try {
    // What is not ours to read goes back in the form it came in.
    await queue.send(body, { contentType: body instanceof ArrayBuffer ? 'bytes' : 'v8', delaySeconds });
    message.ack();
  } catch {
    logger.warn('audit_message_not_sent_anew', { attempts });
    message.retry({ delaySeconds });
  }
}
