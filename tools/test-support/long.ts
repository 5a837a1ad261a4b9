/**
 * The number of tries of a test that may take long. `npm run long` runs all; it sets `GLASSINE_LONG` to the part of
 * them to run, from 0 to 1.
 *
 * @param full - how many are worth trying
 * @param sample - how many `npm test` tries
 */
export const longOr = (full: number, sample: number): number => {
  const part = process.env.GLASSINE_LONG
  return part ? Math.ceil(full * Number(part)) : sample
}

/** The seed of such a test's random choices: `GLASSINE_SEED`, so that a run can be repeated. */
export const seed = (fallback: number): number => Number(process.env.GLASSINE_SEED ?? fallback)
