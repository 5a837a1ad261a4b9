import type { TableConfig } from '../config/table-config.ts'

/** What a call may say of the invocation that it works for. */
export interface ItemCall {
  /** When the answer is no longer of use, in ms since the epoch. Default, and at most: `timeout` ms from now. */
  readonly deadline?: number
  /** Lambda's `context.tenantId`, where tenant isolation is on: it joins the keyrings' cache keys. */
  readonly tenant?: string
}

/** The part of a keyring's request that a call decides. */
export const keyringCall = ({ timeout }: TableConfig, call: ItemCall | undefined) => {
  const latest = Date.now() + timeout
  const deadline = Math.min(call?.deadline ?? latest, latest)
  return { tenant: call?.tenant, deadline: () => deadline }
}
