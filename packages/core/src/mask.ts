import type { MaskedOptions } from './policy.ts'

const mask = '***'

/**
 * A text as a log may show it: `***` and at most the characters that the options keep. The mask always has the same
 * length. If more than half of the text would be shown, nothing of it is: masking four
 * digits and showing the last four hides nothing.
 *
 * @param text - anything other than a string is masked completely
 * @example
 * ```ts
 * maskValue('+49 170 5550123', { keepLast: 4 }) // '***0123'
 * maskValue('0123', { keepLast: 4 }) // '***'
 * ```
 */
export const maskValue = (text: unknown, { keepFirst = 0, keepLast = 0 }: MaskedOptions = {}): string => {
  if (typeof text !== 'string') return mask
  // By code points, so that a cut emoji does not leave half of a surrogate pair.
  const characters = [...text]
  if ((keepFirst + keepLast) * 2 > characters.length) return mask
  return (
    characters.slice(0, keepFirst).join('') + mask + characters.slice(characters.length - keepLast).join('')
  )
}
