// The calls for a request, determined twice: by a model that is fast enough for a million requests, and by the real
// envelope over counting recipients and keyrings. One simulation drives both, so that they can be compared.
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { localRecipient, type Recipient, sessionEnvelope } from '@glassine/session'
import { type DeviceSession, deviceTo, provedHeader } from '../device.ts'

/** How sessions are opened. */
export type Mode = 'agreement' | 'agreement, tickets' | 'wrapped pair'

/** Calls by cost. */
export interface Calls {
  /** DeriveSharedSecret: one for a session that an instance has not opened. */
  agreements: number
  /** GenerateDataKey and Decrypt of a symmetric key: for tickets, and for wrapped pairs. */
  symmetric: number
}

/** A session as the simulation passes it; the engine stores in it what the device would. */
export interface SimulatedSession {
  readonly id: number
  state?: unknown
}

export interface Engine {
  readonly calls: Calls
  /** One request of a session to an instance; the device takes the ticket, if it gets one. */
  request(session: SimulatedSession, instance: number, now: number): void | Promise<void>
}

/** Defaults of `sessionEnvelope` and `keyMaterial`, in entries and ms. */
const keptSessions = 1_000
const keyExpiry = 300_000
const refreshAfter = 0.8 * keyExpiry

/** A cached key as in the key-material layer: refreshed in the background when most of its time is over. */
const keyUses = (fetch: () => void) => {
  const born = new Map<string, number>()
  return {
    use(name: string, now: number): void {
      const age = now - (born.get(name) ?? Number.NEGATIVE_INFINITY)
      if (age < refreshAfter) return
      fetch()
      born.set(name, now)
    },
    put: (name: string, now: number) => born.set(name, now),
  }
}

/** Counts what the real code would call. */
export const modelEngine = (mode: Mode, instances: number): Engine => {
  const calls: Calls = { agreements: 0, symmetric: 0 }
  const symmetric = () => {
    calls.symmetric++
  }
  const all = Array.from({ length: instances }, (_, at) => ({
    at,
    kept: new Map<string, true>(),
    wrapped: keyUses(symmetric),
    reads: keyUses(symmetric),
    writing: { name: '', born: Number.NEGATIVE_INFINITY, next: undefined as string | undefined },
    made: 0,
  }))
  const keep = (kept: Map<string, true>, id: string): boolean => {
    const known = kept.delete(id)
    kept.set(id, true)
    if (kept.size > keptSessions) kept.delete(kept.keys().next().value!)
    return known
  }
  /**
   * The data key with which an instance seals tickets; its successor is created ahead of time and used from then on.
   */
  const ticketKey = (instance: (typeof all)[number], now: number): string => {
    const { writing } = instance
    const make = (): string => {
      calls.symmetric++
      const name = `${instance.at}/${++instance.made}`
      instance.reads.put(name, now)
      return name
    }
    if (writing.next !== undefined) {
      writing.name = writing.next
      writing.next = undefined
    }
    const age = now - writing.born
    if (age >= keyExpiry) {
      writing.name = make()
      writing.born = now
    } else if (age >= refreshAfter) {
      writing.next = make()
      writing.born = now
    }
    return writing.name
  }

  return {
    calls,
    request(session, at, now) {
      const instance = all[at]!
      const key = session.state as string | undefined
      const byTicket = key !== undefined
      const isKept = keep(instance.kept, byTicket ? `t${session.id}` : `s${session.id}`)
      if (!isKept) {
        if (byTicket) instance.reads.use(key, now)
        else if (mode === 'wrapped pair') instance.wrapped.use('pair', now)
        else calls.agreements++
      }
      if (mode === 'agreement, tickets' && !byTicket) session.state = ticketKey(instance, now)
    },
  }
}

const fields = defineFields<{ a: string }>('simulated', { a: {} })
const audience = 'https://api.example.com'

/** The real envelopes, one for each instance, over recipients and a keyring that count. */
export const realEngine = async (mode: Mode, instances: number): Promise<Engine> => {
  const calls: Calls = { agreements: 0, symmetric: 0 }
  let time = 0
  const now = () => time
  const pair = localRecipient()
  const [jwk] = await pair.jwks({ deadline: now })
  const begin = await deviceTo(jwk, audience)
  const key = Buffer.alloc(32, 1)
  const counted = () => {
    const keyring = localKeyring({ key })
    const count =
      <A, R>(work: (request: A) => R) =>
      (request: A): R => {
        calls.symmetric++
        return work(request)
      }
    return keyMaterial({
      keyring: { ...keyring, generate: count(keyring.generate), unwrap: count(keyring.unwrap) },
      now,
    })
  }
  const all = Array.from({ length: instances }, () => {
    // A data key represents the private key in the key-material layer: both cost one Decrypt per lifetime.
    const material = counted()
    const recipient: Recipient = {
      jwks: pair.jwks,
      async unwrap(request) {
        if (mode !== 'wrapped pair') calls.agreements++
        else (await material.encryptionKey({ ...use, context })).release()
        return pair.unwrap(request)
      },
    }
    const tickets = mode === 'agreement, tickets' ? { ticketKeys: material } : {}
    return sessionEnvelope({ recipients: recipient, audience, now, ...tickets })
  })
  return {
    calls,
    async request(session, at, when) {
      time = when
      if (session.state === undefined) {
        const device = await begin(when)
        session.state = { device, carrier: device.carrier }
      }
      const state = session.state as { readonly device: DeviceSession; carrier: string }
      const invocation = { binding: {}, resource: { method: 'GET', path: '/', query: [] } } as const
      const prepared = await all[at]!.prepareOpen(undefined, fields, {
        ...invocation,
        sessionHeader: await provedHeader(state.device, state.carrier, { model: 'simulated', ...invocation }),
      })
      prepared.finish()
      const response = await prepared.reply!.prepareSeal({ a: 'x' }, fields, invocation)
      state.carrier = (response.finish() as { $jwe?: string }).$jwe ?? state.carrier
      // A key fetched ahead of time arrives before the next request.
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

const use = { suite: 0, messages: 0, bytes: 0 }
const context = { pairs: {}, bytes: Buffer.alloc(0), id: '' }
