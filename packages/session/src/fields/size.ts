import { fault } from '../errors.ts'

/** Bytes of a payload as JSON text; what JSON cannot carry cannot be measured. */
export const jsonBytes = (payload: unknown): number => {
  try {
    return Buffer.byteLength(JSON.stringify(payload), 'utf8')
  } catch {
    // Node's error for a cycle names the members on the way.
    throw fault('ERR_VALUE_INVALID', {
      message: 'A payload that JSON cannot carry cannot be measured against `maxBytes`',
    })
  }
}

/** Throws when a sealed payload would be too long, and says by how much. */
export const refuseOversize = (bytes: number, maxBytes: number): void => {
  if (bytes > maxBytes)
    throw fault('ERR_TOO_LARGE', {
      message: `The encrypted payload would be ${bytes - maxBytes} bytes over the limit of ${maxBytes}`,
    })
}
