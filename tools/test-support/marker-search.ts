/** How a marker can be spelled in a text, each with all texts of it that count. A marker is of letters and digits. */
const spellings: Readonly<Record<string, (marker: string) => readonly string[]>> = {
  'as it is': (marker) => [marker],
  'as escapes of JSON': (marker) => [each(marker, (code) => `\\u${code.toString(16).padStart(4, '0')}`)],
  'as bytes of a URL': (marker) => [each(marker, (code) => `%${code.toString(16)}`)],
  'in HTML': (marker) => [
    each(marker, (code) => `&#${code};`),
    each(marker, (code) => `&#x${code.toString(16)};`),
  ],
  'in hexadecimal': (marker) =>
    ['', ' ', ':'].map((between) => Buffer.from(marker).toString('hex').match(/../g)!.join(between)),
  'as bytes in JSON': (marker) => [[...Buffer.from(marker)].join(',')],
}

const each = (marker: string, spell: (code: number) => string): string =>
  [...Buffer.from(marker)].map(spell).join('')

/**
 * What of a marker's base64 does not depend on what stands around it, for each of the three places that it can begin
 * at.
 */
const inBase64 = (marker: string): string[] =>
  [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${'-'.repeat(shift)}${marker}`)
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((shift * 8) / 6)
    const last = Math.floor(((shift + marker.length) * 8) / 6)
    return text.slice(first, last)
  })

/**
 * Finds a marker in a text, however it is spelled there.
 *
 * @param marker - at least eight letters and digits, so that no text has it by chance
 * @returns the spellings in which it was found
 */
export const spellingsOf = (marker: string, text: string): string[] => {
  const lower = text.toLowerCase()
  const found = Object.entries(spellings)
    .filter(([, spell]) => spell(marker).some((one) => lower.includes(one.toLowerCase())))
    .map(([name]) => name)
  if (inBase64(marker).some((one) => text.includes(one))) found.push('in base64')
  return found
}
