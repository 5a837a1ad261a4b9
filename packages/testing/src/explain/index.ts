import { badOption } from '../options.ts'
import type { Explanation } from './comparison.ts'
import type { ExpectedOfEvent, ExpectedOfItem, ExpectedOfPayload } from './expected.ts'

/**
 * Says why a ciphertext does not open: what it is bound to, beside what the service expects. For development and tests:
 * callers read one sentence for every refusal.
 *
 * With an event it takes the options of `decryptRequest` and sees what the middleware sees. With a payload, or one
 * ciphertext, it takes what `decrypt` is given; with an item of DynamoDB the options of `itemEncryptor`. `binding` and
 * `table` tell the three apart. Keys are fetched, because places, records and sets are part of the plaintext; nothing
 * is spent in a replay store.
 *
 * The tokens of a session contain what it binds as one hash. So the usual mistakes are tried, and what is given in
 * `sent`; if none of them gives the hash, `tried` lists them.
 *
 * @returns the differences in the order in which they are checked, and what agrees: names, pointers, paths, pairs of
 * the encryption context; never a value of a field, a token or a key. `String(explanation)` is a text for people.
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { messageEnvelope } from '@glassine/message'
 * import { explain } from '@glassine/testing'
 *
 * const fields = defineFields<{ ssn: string }>('patient', { ssn: {} })
 * const envelope = messageEnvelope({ keys: keyMaterial({ keyring: localKeyring() }) })
 * const binding = { tenant: 't-1' }
 * const sealed = await envelope.encrypt({ ssn: '078-05-1120' }, fields, { binding, use: 'request' })
 *
 * const { differences } = await explain(sealed, { fields, envelope, binding: { tenant: 't-2' }, use: 'request' })
 * // [{ what: 'binding', name: 'tenant', inCiphertext: 't-1', expected: 't-2' }]
 * ```
 */
export function explain(event: object, expected: ExpectedOfEvent): Promise<Explanation>
export function explain(ciphertext: object | string, expected: ExpectedOfPayload): Promise<Explanation>
export function explain(item: object, expected: ExpectedOfItem): Promise<Explanation>
export async function explain(
  received: object | string,
  expected: ExpectedOfEvent | ExpectedOfPayload | ExpectedOfItem,
): Promise<Explanation> {
  if (typeof expected !== 'object' || expected === null)
    throw badOption('expected', 'must be what the service expects')
  // Tests that explain nothing load none of the formats.
  if ('table' in expected) {
    const { explainedItem } = await import('./item.ts')
    return explainedItem(received as Record<string, unknown>, expected)
  }
  const { explained, subjectOfEvent, subjectOfPayload } = await import('./explained.ts')
  return 'binding' in expected
    ? explained(subjectOfPayload(received, expected), expected.sent)
    : explained(await subjectOfEvent(received, expected), expected.sent)
}
