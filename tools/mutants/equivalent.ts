// Mutants that no test can notice, each judged by hand. They do not count.

/** Found by what they are and not by where they stand, so that a file may move. */
export interface Equivalent {
  readonly package: string
  /** The line, or the first of the lines, without the spaces around it. */
  readonly line: string
  /** What becomes of a part of it. */
  readonly from: string
  readonly becomes: string
  readonly why: string
}

/** Faults of one line, for one reason. */
const at = (
  packageName: string,
  line: string,
  why: string,
  ...faults: readonly (readonly [from: string, becomes: string])[]
): readonly Equivalent[] =>
  faults.map(([from, becomes]) => ({ package: packageName, line, from, becomes, why }))

export const equivalent: readonly Equivalent[] = [
  ...at('dynamodb', 'const few = 32', 'fields are sorted alike in both ways; only the time differs', [
    '32',
    '33',
  ]),
  ...at(
    'dynamodb',
    'if (fields.length > few) return fields.sort((a, b) => (a.plan.order < b.plan.order ? -1 : 1))',
    'fields are sorted alike in both ways; only the time differs',
    ['fields.length > few', 'true'],
    ['fields.length > few', 'false'],
    ['>', '>='],
  ),
  ...at('dynamodb', 'const maxSpare = 8', 'how many buffers are kept is a choice', ['8', '9']),
  ...at('dynamodb', 'const maxBytes = 16_384', 'how long buffers may be that are kept is a choice', [
    '16_384',
    '16385',
  ]),
  ...at('dynamodb', 'const freshBytes = 4_096', 'buffers grow when they are too short', ['4_096', '4097']),
  ...at(
    'dynamodb',
    'export const takeScratch = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(freshBytes)',
    'a fresh buffer does as well; only the time differs',
    ['spare.pop() ?? Buffer.allocUnsafeSlow(freshBytes)', '(Buffer.allocUnsafeSlow(freshBytes))'],
  ),
  ...at(
    'dynamodb',
    'if (buffer.length <= maxBytes && spare.length < maxSpare) spare.push(buffer)',
    'which buffers are kept changes nothing but the time',
    ['buffer.length <= maxBytes && spare.length < maxSpare', 'false'],
    ['<=', '<'],
    ['<', '<='],
  ),
  ...at('message', 'const poolBytes = 64 * idBytes', 'how many ids are drawn at a time is a choice', [
    '64',
    '65',
  ]),
  ...at('message', 'let filledAt = 0', 'it is set before it is read, when the pool is first made', [
    '0',
    '1',
  ]),
  ...at(
    'message',
    'pool ??= Buffer.allocUnsafeSlow(poolBytes)',
    'all of the pool is filled next, a fresh one too',
    [' ??= ', ' = '],
  ),
  ...at(
    'message',
    'maxEncryptedDataKeys === undefined && legacySuites === undefined',
    'limits that are made anew are those that were made once',
    ['maxEncryptedDataKeys === undefined && legacySuites === undefined', 'false'],
  ),
]
