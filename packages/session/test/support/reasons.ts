import { rejection } from '@glassine/test-support'
import { beginSession, type SessionOptions, sealFields } from './device.ts'
import { fields, patient, scope } from './patient.ts'
import { jwk } from './service.ts'

export const soon = { deadline: () => Date.now() + 5_000 }

/** The code that the caller sees, and the reason for the operator. */
export const reasonOf = async (
  work: Promise<unknown>,
): Promise<readonly [code: string, reason: string | undefined]> => {
  const { code, cause } = await rejection(work)
  return [code, cause.reason]
}

export const refused = (reason: string) => ['ERR_DECRYPT_FAILED', reason]
export const isOut = (reason: string) => ['ERR_KEY_UNAVAILABLE', reason]

/** A request whose session was begun with these options. */
export const bodyWith = async (options: SessionOptions = {}, to: any = jwk) =>
  sealFields(await beginSession(to, options), patient, fields, scope)
