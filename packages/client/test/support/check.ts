/** The few assertions that cases need, working alike in Node and in a browser. */
import { GlassineError } from '@glassine/core'

const shown = (value: unknown): string =>
  JSON.stringify(value, (_key, part) =>
    Object.is(part, -0)
      ? '-0'
      : part === undefined
        ? 'undefined'
        : part && typeof part === 'object' && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : part,
  )

export const equal = (actual: unknown, expected: unknown, what = 'value'): void => {
  if (shown(actual) !== shown(expected))
    throw new Error(`${what}: ${shown(actual)} is not ${shown(expected)}`)
}

export const ok = (value: unknown, what: string): void => {
  if (!value) throw new Error(`not so: ${what}`)
}

/** The error with which Glassine must refuse, with this code; its message and cause contain none of the secrets. */
export const refused = async (
  work: Promise<unknown> | (() => unknown),
  code: string,
  secrets: readonly string[] = [],
): Promise<GlassineError> => {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (!(error instanceof GlassineError)) throw new Error(`not an error of Glassine: ${String(error)}`)
    if (error.code !== code) throw new Error(`${error.code} is not ${code}: ${error.message}`)
    const told = `${error.message} ${error.stack} ${JSON.stringify({ ...error })}`
    for (const secret of secrets) if (told.includes(secret)) throw new Error('the error tells a secret')
    equal(error.cause.package, '@glassine/client')
    return error
  }
  throw new Error(`was not refused with ${code}`)
}
