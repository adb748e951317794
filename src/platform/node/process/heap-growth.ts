/**
 * Lets the heap of the service grow to four times of what is alive before V8 looks through all of it. Almost nothing of an
 * invite lives for long, and V8 concludes that such a heap needs little room: on one processor with 1,000 invites a
 * second it marked 40 MB up to twice a second, in threads that left the event loop a fifth of the processor for 60 ms.
 * Half of all four-second periods had a p99 above 60 ms, and with this flag it is 7. The limit of the heap stays as it is
 * (`--max-old-space-size`).
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--heap-growing-percent=300');
