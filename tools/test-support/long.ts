/**
 * How much a test that may take long does: all of it in `npm run long`, which sets `GLASSINE_LONG`, and elsewhere a
 * sample.
 */
export const longOr = <T>(full: T, sample: T): T => (process.env.GLASSINE_LONG ? full : sample)
