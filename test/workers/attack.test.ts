/** The attacks that need no listener, again in workerd: its base64, its Headers and its JSON are other programs than Node's. */
import '../attack/json-smuggling.test.ts';
import '../attack/key-leak.test.ts';
import '../attack/tokens-claims.test.ts';
import '../attack/tokens.test.ts';
