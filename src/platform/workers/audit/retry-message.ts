import type { Logger } from '../../../ports/logger.ts';
import type { Random } from '../../../ports/random.ts';

/**
 * Postpones an audit message that could not be written to its sink, for any reason. The delay grows with each attempt.
 * Before the Queue would drop the message, it is sent to the Queue as a new one, so no retry limit loses it. Where the
 * Queue is not bound, the message can only be retried.
 */
export interface RetryMessageDeps {
  /** The Queue itself; undefined where it is not bound. */
  readonly queue: Pick<Queue, 'send'> | undefined;
  readonly random: Random;
  readonly logger: Logger;
}

const FIRST_RETRY_S = 15;
const LONGEST_RETRY_S = 3600;
/** About two days of hourly attempts: less than the Queue's retention, and below `max_retries` of the deployment. */
const RESEND_AFTER_ATTEMPTS = 48;

/** `retryAfterMs`: the delay that the receiver asked for. */
export async function retryMessage(
  message: Message,
  { queue, random, logger }: RetryMessageDeps,
  retryAfterMs: number | null = null,
): Promise<void> {
  const { attempts, body } = message;
  const backoffS = Math.min(FIRST_RETRY_S * 2 ** (attempts - 1), LONGEST_RETRY_S);
  const wantedS = Math.max((backoffS * (1 + random.next())) / 2, (retryAfterMs ?? 0) / 1000);
  const delaySeconds = Math.min(Math.ceil(wantedS), LONGEST_RETRY_S);
  if (attempts < RESEND_AFTER_ATTEMPTS || queue === undefined) {
    message.retry({ delaySeconds });
    return;
  }
  try {
    // A body that this release cannot read is sent again in the form in which it came.
    await queue.send(body, { contentType: body instanceof ArrayBuffer ? 'bytes' : 'v8', delaySeconds });
    message.ack();
  } catch {
    logger.warn('audit_message_not_sent_anew', { attempts });
    message.retry({ delaySeconds });
  }
}
