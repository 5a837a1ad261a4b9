const maxDigits = 38
/** The positions of the decimal point in 9.9…e125 and 1e-130, counted from the first significant digit. */
const maxPoint = 126
const minPoint = -129

const normal = /^-?[1-9]\d{0,37}$/
const grammar = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/**
 * Writes a DynamoDB number in its one normal form: plain decimal, no exponent, no `+`, no zeros at the ends but
 * one before a point, `0` for every zero. `undefined` for anything that DynamoDB does not store as a number: more
 * than 38 significant digits, or outside of 1e-130 to 9.9…e125.
 *
 * Text in, text out: a JavaScript number holds 15 to 17 digits, so the digits never pass through one; only the
 * exponent does.
 */
export const normaliseNumber = (text: string): string | undefined => {
  if (normal.test(text)) return text
  const parts = grammar.exec(text)
  if (!parts) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = whole + fraction
  if (digits === '') return undefined

  let first = 0
  while (digits[first] === '0') first++
  if (first === digits.length) return '0'
  let end = digits.length
  while (digits[end - 1] === '0') end--
  const significant = digits.slice(first, end)
  const point = whole.length - first + Number(exponent)
  // Written so that an exponent too long for a number is refused too.
  if (significant.length > maxDigits || !(point >= minPoint && point <= maxPoint)) return undefined

  return (sign === '-' ? '-' : '') + decimal(significant, point)
}

/** Places the decimal point `point` digits after the start of the digits. */
const decimal = (digits: string, point: number): string => {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}
