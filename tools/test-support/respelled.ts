const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Texts that a lenient decoder reads as the same bytes as this base64url text, each with its difference: a character
 * raised by U+0100, padding, blanks, the other alphabet, and bits after the last byte.
 */
export const respelled = (text: string): readonly (readonly [what: string, text: string])[] => {
  const bytes = Buffer.from(text, 'base64url')
  const raised = Array.from(text, (character, at): [string, string] => [
    `character ${at} raised by U+0100`,
    `${text.slice(0, at)}${String.fromCharCode(character.charCodeAt(0) + 0x100)}${text.slice(at + 1)}`,
  ])
  const bits = Array.from(alphabet, (last) => text.slice(0, -1) + last)
    .filter((other) => other !== text && Buffer.from(other, 'base64url').equals(bytes))
    .map((other): [string, string] => ['bits after the last byte', other])
  const others = (
    [
      ['padding', bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')],
      ['one sign of padding', `${text}=`],
      ['a blank before it', ` ${text}`],
      ['a blank within', `${text.slice(0, 2)} ${text.slice(2)}`],
      ['a line break after it', `${text}\n`],
      ['the other alphabet', text.replaceAll('-', '+').replaceAll('_', '/')],
    ] as [string, string][]
  ).filter(([, other]) => other !== text)
  return [...raised, ...bits, ...others]
}
