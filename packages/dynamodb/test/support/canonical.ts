import type { AttributeValue, Item } from '../../src/index.ts'

/**
 * A number in its shortest decimal form without an exponent, as AWS's writers give it. Worked out with BigInt, and not
 * by the code under test.
 */
const plainNumber = (text: string): string => {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = BigInt(`${whole}${fraction}`.replace(/^[+-]/, '') || '0')
  if (digits === 0n) return '0'
  // The value is digits * 10 ** scale.
  const scale = Number(exponent) - fraction.length
  const sign = text.startsWith('-') ? '-' : ''
  if (scale >= 0) return `${sign}${digits * 10n ** BigInt(scale)}`
  const unit = 10n ** BigInt(-scale)
  const decimals = `${digits % unit}`.padStart(-scale, '0').replace(/0+$/, '')
  return `${sign}${digits / unit}${decimals && `.${decimals}`}`
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * An item in the form that all its equals share: numbers normalised, sets sorted. What is only signed comes back as
 * it was written, what is encrypted comes back so.
 */
export const canonical = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, canonicalValue(value)]))

const canonicalValue = (value: AttributeValue): AttributeValue => {
  if ('N' in value) return { N: plainNumber(value.N) }
  if ('NS' in value) return { NS: value.NS.map(plainNumber).toSorted(byUnits) }
  if ('SS' in value) return { SS: value.SS.toSorted(byUnits) }
  if ('BS' in value) return { BS: value.BS.toSorted(Buffer.compare) }
  if ('L' in value) return { L: value.L.map(canonicalValue) }
  if ('M' in value) return { M: canonical(value.M) }
  return value
}
