// Mutants that no test can notice, each judged by hand. They do not count.

/** Identified by their text, not their position, so that a file may move. */
export interface Equivalent {
  readonly package: string
  /** The line, or the first of the lines, without the spaces around it. */
  readonly line: string
  /** What replaces a part of it. */
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
  ...at(
    'core',
    'const inside = plain === text ? undefined : this.#index.next(plain, 0, isExempt)',
    'a text without encoded parts has been searched; only the time differs',
    ['plain === text', 'false'],
  ),
  ...at(
    'core',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a line of source.
    'const pointer = node.pointer ?? `${above}/${escapePointer(key)}`',
    'a pointer that was made once is the one that is made anew; only the time differs',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a part of it.
    ['node.pointer ?? `${above}/${escapePointer(key)}`', '(`${above}/${escapePointer(key)}`)'],
  ),
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
  ...at(
    'keys',
    'if (more.length > 0) decipher.setAAD(more)',
    'nothing more to authenticate changes nothing; only the time differs',
    ['more.length > 0', 'true'],
    ['>', '>='],
  ),
  ...at(
    'local-kms',
    ';[x, y] = [y, x - quotient * y]',
    'the inverse with the other sign: (r, -s) is a signature as well as (r, s), and of the point only x counts',
    ['-', '+'],
  ),
  ...at(
    'local-kms',
    'if (r !== 0n && s !== 0n) {',
    'neither is zero once in 2 ** 256 signatures',
    ['r !== 0n && s !== 0n', 'true'],
    ['&&', '||'],
  ),
  ...at(
    'logger',
    "const at = typeof message === 'string' && original !== '' ? stack.indexOf(original) : -1",
    'without a text to find, what stands before it is no head of a stack',
    ["typeof message === 'string' && original !== ''", 'true'],
    ['&&', '||'],
    ['1', '2'],
  ),
  ...at(
    'logger',
    "if (key === 'name' || key === 'message' || key === 'stack') continue",
    'the three are put anew below',
    ["key === 'name' || key === 'message' || key === 'stack'", 'false'],
    ['||', '&&'],
  ),
  ...at(
    'logger',
    'if (at < 0) return -1',
    'a string within brackets never ends at the first character',
    ['0', '1'],
    ['<', '<='],
  ),
  ...at(
    'logger',
    "while (at - run > from && text[at - run - 1] === '\\\\') run++",
    'before the beginning stands the quote, and no backslash',
    ['>', '>='],
  ),
  ...at(
    'logger',
    'return (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength: Math.max(1, chars) }).toString()',
    'of a line that is used up nothing is shown either way',
    ['1', '2'],
  ),
  ...at(
    'logger',
    'if (!isGzip && !isZlib) return undefined',
    'what is neither cannot be unpacked; only the time differs',
    ['!isGzip && !isZlib', 'false'],
  ),
  ...at(
    'logger',
    'const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b',
    'what only looks like it cannot be unpacked; only the time differs',
    ['&&', '||'],
  ),
  ...at(
    'logger',
    "if (out.includes('\\\\')) {",
    'without a backslash there is no escape to replace; only the time differs',
    ["out.includes('\\\\')", 'true'],
  ),
  ...at(
    'logger',
    'export const newLine = (): Line => ({ chars: 1_000_000, nodes: 100_000, changes: 0, isOpen: false })',
    'changes are only compared, and `isOpen` is set before it is read',
    ['0', '1'],
    ['false', 'true'],
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
