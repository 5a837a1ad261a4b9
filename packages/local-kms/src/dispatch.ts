/** From a decoded request to a response: finds the operation, runs it, injects faults, logs, saves. */
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Call, denied } from './call.ts'
import type { CallLog, OpenCall } from './call-log.ts'
import { KmsError } from './errors.ts'
import { defaultLatency, type FaultSource, type KmsFault, type KmsFaultKind } from './faults.ts'
import { operations } from './operations/index.ts'
import { recordUsage } from './operations/last-usage.ts'
import type { Principals } from './principals.ts'
import { type KmsState, newKeyId, rootOf } from './state.ts'

/** A request, from the wire or from this process. */
interface KmsRequest {
  readonly operation: string
  readonly region: string
  readonly principal: string
  readonly input: () => unknown
}

/** How a call ended. `fault` is for the transport: a truncated response, or none. */
export interface KmsOutcome {
  readonly requestId: string
  readonly output?: object | undefined
  readonly error?: KmsError
  readonly fault?: KmsFaultKind
}

/** Faults that replace the operation. */
const failures: Partial<Record<KmsFaultKind, (call: Call) => KmsError>> = {
  throttle: () => new KmsError('ThrottlingException', 'Rate exceeded'),
  internal: () => new KmsError('KMSInternalException'),
  'expired-token': () =>
    new KmsError('ExpiredTokenException', 'The security token included in the request is expired'),
  'access-denied': (call) => denied(call, call.state.keyArn(call.region, '*')),
  // Not responses of KMS, but the log needs a code for them.
  html: () => new KmsError('ServiceUnavailable', undefined, 503),
  hang: () => new KmsError('RequestTimeout'),
  reset: () => new KmsError('ConnectionReset'),
}

/** Faults that change a correct response. */
const spoil = (output: object | undefined, { kind }: KmsFault, call: Call): object | undefined => {
  if (output === undefined) return undefined
  const spoilt: Record<string, unknown> = { ...output }
  for (const name of ['Plaintext', 'PrivateKeyPlaintext', 'SharedSecret']) {
    const plaintext = spoilt[name]
    if (!(plaintext instanceof Uint8Array)) continue
    if (kind === 'no-plaintext') delete spoilt[name]
    if (kind === 'wrong-length') spoilt[name] = plaintext.subarray(0, -1)
  }
  if (kind === 'wrong-key' && 'KeyId' in spoilt) {
    spoilt.KeyId = call.state.keyArn(call.region, newKeyId(false))
  }
  return spoilt
}

/** The fault applies after lookup and parsing, so that an unknown operation stays unknown. */
const run = async (
  request: KmsRequest,
  call: Call,
  fault: KmsFault | undefined,
): Promise<object | undefined> => {
  const operation = Object.hasOwn(operations, request.operation) ? operations[request.operation] : undefined
  if (operation === undefined) throw new KmsError('UnknownOperationException')
  const input = request.input()
  if (fault === undefined) return operation.run(input, call)
  if (fault.kind === 'latency') await setTimeout(fault.ms ?? defaultLatency)
  const failure = failures[fault.kind]
  if (failure !== undefined) throw failure(call)
  return spoil(await operation.run(input, call), fault, call)
}

/** Saves a changed state before the response leaves: a restart must not lose a key that a client knows. */
const keep = (state: KmsState, save: () => void): void => {
  if (!state.changed) return
  try {
    save()
    state.changed = false
  } catch (thrown) {
    const { message } = thrown as Error
    throw new KmsError('KMSInternalException', `The state could not be saved: ${message}`)
  }
}

/** Never rejects because of a request: every failure is a response. */
export type Dispatch = (request: KmsRequest) => Promise<KmsOutcome>

interface Parts {
  readonly state: KmsState
  readonly log: CallLog
  readonly faults: Pick<FaultSource, 'take'>
  readonly principals: Pick<Principals, 'of'>
  /** Whether calls come over TLS. */
  readonly isSecure: boolean
  /** Called after every change of the state. */
  readonly save: () => void
}

/** One dispatcher serves the wire; a second one, without log and faults, serves the shortcuts. */
export const createDispatch =
  ({ state, log, faults, principals, isSecure, save }: Parts): Dispatch =>
  async (request) => {
    const { operation, region, principal } = request
    const requestId = randomUUID()
    const record: OpenCall = {
      eventId: randomUUID(),
      operation,
      time: new Date(state.now()).toISOString(),
      region,
      requestId,
      principal,
    }
    const isOwner = principal === rootOf(state.accountId)
    const caller = principals.of(principal)
    const call: Call = { operation, region, principal, isOwner, caller, isSecure, state, record }
    const fault = faults.take(operation)
    if (fault !== undefined) record.fault = fault.kind
    const how = { requestId, ...(fault && { fault: fault.kind }) }
    try {
      const output = await run(request, call, fault).finally(() => keep(state, save))
      recordUsage(state, record)
      return { ...how, output }
    } catch (thrown) {
      // Any other error is a defect of the local KMS and must not look like the client's fault.
      const error = thrown instanceof KmsError ? thrown : new KmsError('KMSInternalException')
      record.errorCode = error.type
      return { ...how, error }
    } finally {
      log.add(record)
    }
  }
