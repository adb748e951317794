/** Runs in workerd the attack tests that need no listener: its base64, Headers and JSON are not Node's implementations. */
import '../attack/json-smuggling.test.ts';
import '../attack/key-leak.test.ts';
import '../attack/tokens-claims.test.ts';
import '../attack/tokens-rights.test.ts';
import '../attack/tokens.test.ts';
