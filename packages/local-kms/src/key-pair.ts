/** Asymmetric keys: generation, and the pair of a KMS key, made when it is first needed. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { curves, modulusLength } from './specs.ts'
import type { KeyCore, KmsState } from './state.ts'

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>

/** A new private key of that spec. RSA takes 0.1 to some seconds, off the main thread. */
export const generatePrivateKey = async (spec: string): Promise<KeyObject> => {
  const { privateKey } = spec.startsWith('RSA_')
    ? await generate('rsa', { modulusLength: modulusLength(spec) })
    : await generate('ec', { namedCurve: curves[spec] })
  return privateKey
}

export const privateBytes = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' })

/** Two calls that need a new key's pair at the same time must get the same one. */
const pending = new WeakMap<KeyCore, Promise<KeyObject>>()

/** The private key of an asymmetric KMS key, shared by its replicas. */
export const privateKeyOf = (state: KmsState, core: KeyCore): Promise<KeyObject> => {
  const known = pending.get(core)
  if (known !== undefined) return known
  const found =
    core.privateKey !== undefined
      ? Promise.resolve(createPrivateKey({ key: core.privateKey, format: 'der', type: 'pkcs8' }))
      : generatePrivateKey(core.spec).then((key) => {
          core.privateKey = privateBytes(key)
          state.changed = true
          return key
        })
  pending.set(core, found)
  return found
}
