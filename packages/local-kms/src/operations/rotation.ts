/** Rotation of key material: automatic, on demand, and its history. */
import { type Call, type Operation, operation } from '../call.ts'
import { KmsError, unsupported } from '../errors.ts'
import { wireDate } from '../metadata.ts'
import { integer, oneOf, required } from '../shape.ts'
import { isSymmetric } from '../specs.ts'
import { day, type KmsKey, newMaterial } from '../state.ts'
import { checkKey, useKey } from '../use-key.ts'
import { keyId, pageOf, pageShape } from './members.ts'

const defaultPeriod = 365

/** AWS allowed 10 until 2025. */
const maxOnDemandRotations = 25

/** Checked before the key's state: AWS names the origin even while the key waits for its import. */
const checkOrigin = ({ arn, core }: KmsKey): void => {
  if (core.origin === 'EXTERNAL') {
    throw unsupported(`${arn} origin is EXTERNAL which is not valid for this operation.`)
  }
}

/** Only symmetric encryption keys rotate; for a multi-Region key, only the primary takes the request. */
const checkRotates = (key: KmsKey): void => {
  const { spec, primaryRegion } = key.core
  if (!isSymmetric(spec)) throw unsupported()
  if (primaryRegion !== undefined && primaryRegion !== key.region) {
    throw unsupported(`${key.arn} is not a multi-region primary key.`)
  }
}

/** The key of an operation on automatic rotation. */
const rotatingKey = (call: Call, reference: string): KmsKey => {
  const key = useKey(call, reference, { state: 'any' })
  checkOrigin(key)
  checkRotates(checkKey(call, key, {}))
  return key
}

/** Enabling again restarts the period; without a new period the old one is kept. */
const enableKeyRotation = operation(
  { KeyId: required(keyId()), RotationPeriodInDays: integer({ min: 90, max: 2560 }) },
  (input, call) => {
    const key = rotatingKey(call, input.KeyId)
    const periodInDays = input.RotationPeriodInDays ?? key.core.rotation?.periodInDays ?? defaultPeriod
    key.core.rotation = { periodInDays, nextAt: call.state.now() + periodInDays * day }
    call.state.changed = true
    return undefined
  },
)

const disableKeyRotation = operation({ KeyId: required(keyId()) }, (input, call) => {
  const key = rotatingKey(call, input.KeyId)
  delete key.core.rotation
  call.state.changed = true
  return undefined
})

const getKeyRotationStatus = operation({ KeyId: required(keyId()) }, (input, call) => {
  const key = useKey(call, input.KeyId, { state: 'any' })
  checkOrigin(key)
  // Asymmetric and HMAC keys never rotate. Only this operation does not treat that as an error.
  // A key pending deletion does not rotate either, but will again if the deletion is cancelled.
  const rotation = key.deletion === undefined ? key.core.rotation : undefined
  return {
    KeyId: key.core.keyId,
    KeyRotationEnabled: rotation !== undefined,
    ...(rotation && {
      NextRotationDate: wireDate(rotation.nextAt),
      RotationPeriodInDays: rotation.periodInDays,
    }),
  }
})

/** Does not touch the schedule of automatic rotation. */
const rotateKeyOnDemand = operation({ KeyId: required(keyId()) }, (input, call) => {
  const { state } = call
  const key = useKey(call, input.KeyId)
  checkRotates(key)
  const { core } = key
  if (core.onDemandRotations >= maxOnDemandRotations) {
    throw new KmsError(
      'LimitExceededException',
      'The on-demand rotations limit has been reached for the given keyId. ' +
        `No more on-demand rotations can be performed for this key: ${key.arn}`,
    )
  }
  core.onDemandRotations++
  // AWS takes minutes; here the new material is current at once.
  core.materials.push(newMaterial(core.spec, state.now(), 'ON_DEMAND'))
  state.changed = true
  return { KeyId: key.arn }
})

/** Oldest first. The first material is not a rotation and is listed only on request. */
const listKeyRotations = operation(
  {
    KeyId: required(keyId()),
    IncludeKeyMaterial: oneOf(['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']),
    ...pageShape(1000),
  },
  (input, call) => {
    const key = useKey(call, input.KeyId, { state: 'any' })
    if (!isSymmetric(key.core.spec)) throw unsupported()
    const { materials, keyId } = key.core
    const wanted = materials.filter(
      ({ rotation }) => rotation !== undefined || input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL',
    )
    const { entries, rest } = pageOf(wanted, ({ id }) => id, input, 100)
    return {
      Rotations: entries.map((material) => ({
        KeyId: keyId,
        KeyMaterialId: material.id,
        KeyMaterialState: material === materials.at(-1) ? 'CURRENT' : 'NON_CURRENT',
        ...(material.rotation && {
          RotationDate: wireDate(material.createdAt),
          RotationType: material.rotation,
        }),
      })),
      ...rest,
    }
  },
)

export const rotationOperations: Readonly<Record<string, Operation>> = {
  EnableKeyRotation: enableKeyRotation,
  DisableKeyRotation: disableKeyRotation,
  GetKeyRotationStatus: getKeyRotationStatus,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ListKeyRotations: listKeyRotations,
}
