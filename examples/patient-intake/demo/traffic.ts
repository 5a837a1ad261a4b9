/** A request on its way: what an attacker on the way has before him. */
export interface Traffic {
  readonly method: string
  readonly path: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON; absent for a GET. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** The service that may send messages; all other callers are users of the app. */
export const service = 'orders-service'

/** The token of a caller, which says no more than who that is; a real one is signed. */
export const tokenOf = (clinic: string, caller: string): string => `Bearer ${clinic}.${caller}`

/** Who calls, as the token says: `''` for both where there is none. */
export const callerOf = ({ headers }: Traffic): { readonly clinic: string; readonly caller: string } => {
  const token = /^Bearer (clinic-[abc])\.([a-z-]+)$/.exec(headers.authorization ?? '')
  return { clinic: token?.[1] ?? '', caller: token?.[2] ?? '' }
}
