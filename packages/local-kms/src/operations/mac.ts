/** GenerateMac, VerifyMac. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Call, endDryRun, type Operation, operation } from '../call.ts'
import { checkAlgorithm } from '../cipher.ts'
import { KmsError } from '../errors.ts'
import { currentMaterial } from '../material.ts'
import { blob, flag, oneOf, required } from '../shape.ts'
import { hashOf, type MacAlgorithm, macAlgorithms } from '../specs.ts'
import type { KmsKey } from '../state.ts'
import { useKey } from '../use-key.ts'
import { grantTokens, keyId } from './members.ts'

const members = () => ({
  Message: required(blob({ min: 1, max: 4096 })),
  KeyId: required(keyId()),
  MacAlgorithm: required(oneOf(macAlgorithms)),
  GrantTokens: grantTokens(),
  DryRun: flag(),
})

interface MacInput {
  readonly KeyId: string
  readonly MacAlgorithm: MacAlgorithm
  readonly GrantTokens: readonly string[] | undefined
}

const macKey = (call: Call, input: MacInput): KmsKey => {
  const key = useKey(call, input.KeyId, {
    alias: true,
    usage: 'GENERATE_VERIFY_MAC',
    grantTokens: input.GrantTokens,
  })
  checkAlgorithm(key, input.MacAlgorithm)
  return key
}

const macOf = (key: KmsKey, algorithm: MacAlgorithm, message: Buffer): Buffer =>
  createHmac(hashOf(algorithm), currentMaterial(key).secret).update(message).digest()

const generateMac = operation(members(), (input, call) => {
  const key = macKey(call, input)
  endDryRun(input.DryRun)
  return {
    Mac: macOf(key, input.MacAlgorithm, input.Message),
    MacAlgorithm: input.MacAlgorithm,
    KeyId: key.arn,
  }
})

/** A wrong MAC is an error, never `MacValid: false`. */
const verifyMac = operation({ ...members(), Mac: required(blob({ min: 1, max: 6144 })) }, (input, call) => {
  const key = macKey(call, input)
  const mac = macOf(key, input.MacAlgorithm, input.Message)
  if (mac.length !== input.Mac.length || !timingSafeEqual(mac, input.Mac)) {
    throw new KmsError('KMSInvalidMacException')
  }
  endDryRun(input.DryRun)
  return { KeyId: key.arn, MacAlgorithm: input.MacAlgorithm, MacValid: true }
})

export const macOperations: Readonly<Record<string, Operation>> = {
  GenerateMac: generateMac,
  VerifyMac: verifyMac,
}
