/** Freezes a value and everything reachable from it, so that writing to it throws. */
export const deepFrozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFrozen(part)
    Object.freeze(value)
  }
  return value
}
