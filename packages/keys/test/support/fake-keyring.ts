import { randomBytes } from 'node:crypto'
import type { EncryptedDataKey, GenerateRequest, Keyring, UnwrapRequest } from '@glassine/keys'

/** A keyring in memory that counts its calls, remembers the buffers it gave away, and fails or waits on demand. */
export const fakeKeyring = (id = 'fake') => {
  const wrapped = new Map<string, string>()
  const nameOf = ({ ciphertext }: EncryptedDataKey, contextId: string) =>
    `${ciphertext.toString('hex')} ${contextId}`
  const state = {
    id,
    generated: [] as GenerateRequest[],
    unwrapped: [] as UnwrapRequest[],
    given: [] as Buffer[],
    /** Called before every response: throws, waits, or does nothing. */
    before: (async () => {}) as (request: GenerateRequest | UnwrapRequest) => Promise<void>,
    async generate(request: GenerateRequest) {
      state.generated.push(request)
      await state.before(request)
      const dataKey = randomBytes(request.length)
      const encrypted = { providerId: 'fake', providerInfo: Buffer.from(id), ciphertext: randomBytes(16) }
      wrapped.set(nameOf(encrypted, request.context.id), dataKey.toString('hex'))
      state.given.push(dataKey)
      return { dataKey, encryptedDataKeys: [encrypted] }
    },
    wrap: async () => [],
    async unwrap(request: UnwrapRequest) {
      state.unwrapped.push(request)
      await state.before(request)
      for (const one of request.encryptedDataKeys) {
        const hex = wrapped.get(nameOf(one, request.context.id))
        if (hex === undefined) continue
        const dataKey = Buffer.from(hex, 'hex')
        state.given.push(dataKey)
        return dataKey
      }
      return undefined
    },
  }
  return state satisfies Keyring
}

/** A promise that is settled by hand. */
export const gate = () => {
  let open: () => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { open, fail, passed }
}
