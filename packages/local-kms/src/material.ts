/** Key material: the generations of a symmetric or HMAC key, and the pair of an asymmetric key. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { KmsError } from './errors.ts'
import { curves, modulusLength } from './specs.ts'
import type { KeyCore, KmsKey, KmsState, Material } from './state.ts'

/** The generation that encrypts; older ones only decrypt. */
export const currentMaterial = (key: KmsKey): Material => {
  const material = key.core.materials.at(-1)
  // Earlier checks let only symmetric and HMAC keys get here.
  if (material === undefined) throw new KmsError('KMSInternalException')
  return material
}

/** The id of the current generation; only symmetric encryption keys have one. */
export const currentMaterialId = ({ core }: KmsKey): string | undefined =>
  core.spec === 'SYMMETRIC_DEFAULT' ? core.materials.at(-1)?.id : undefined

/** The member of a response that names the generation of a symmetric key. */
export const materialMember = (name: string, key: KmsKey, id = currentMaterialId(key)): object =>
  id === undefined ? {} : { [name]: id }

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>

/** A new private key of that spec. RSA takes 0.1 s to a few seconds, off the main thread. */
export const generatePrivateKey = async (spec: string): Promise<KeyObject> => {
  const { privateKey } = spec.startsWith('RSA_')
    ? await generate('rsa', { modulusLength: modulusLength(spec) })
    : await generate('ec', { namedCurve: curves[spec] })
  return privateKey
}

export const privateBytes = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' })

/** Concurrent first uses of a key must get the same pair. */
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
