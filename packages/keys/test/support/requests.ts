import { serialiseContext } from '@glassine/keys/internal'

export const context = serialiseContext({ tenant: 't-1', 'glassine:model': 'patient' })

/** What a keyring is asked with, and how long it may take in ms. */
export const request = (patience = 5_000, more: object = {}) => {
  const deadline = Date.now() + patience
  return { suite: 0x0478, context, length: 32, deadline: () => deadline, ...more }
}
