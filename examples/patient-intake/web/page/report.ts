// What an attack came to, for the three who hear of it: the library's code, the caller, and the operator.
import { type Account, parsed } from './account.ts'
import { isMembers } from './fields.ts'

/** The end of an attack. */
export interface Report {
  readonly held: boolean
  /** The stable code, where there is one. */
  readonly code: string
  readonly caller: string
  /** The library's line in the log. */
  readonly operator: string
}

/** The lines that the library itself writes when it refuses. */
const refusalsIn = (lines: readonly string[] = []) =>
  lines
    .map(parsed)
    .filter(isMembers)
    .filter(({ message }) => message === 'Glassine refused')

/** A refusal as an operator reads it: where, and why. */
const told = ({ code, path, reason }: Readonly<Record<string, unknown>>): string =>
  [path === undefined ? code : `${code} at ${path}`, ...(reason === undefined ? [] : [reason])].join(': ')

const operatorOf = ({ log, lambda }: Account): string => {
  const lines = refusalsIn(log?.lines).map(told)
  if (lines.length > 0) return lines.join('; ')
  return (lambda?.status ?? 0) >= 400
    ? 'Nothing: the response is the handler’s own, and its values were redacted.'
    : 'Nothing: the service has answered as ever. The app’s own log has the error.'
}

export const reportOf = (account: Account, held: boolean): Report => {
  const { lambda, opened } = account
  const isRefusedHere = (lambda?.status ?? 0) < 400
  return {
    held,
    code: (isRefusedHere ? opened?.error : lambda?.code) ?? 'None',
    caller: isRefusedHere
      ? 'An error, thrown by the client. No value of the response.'
      : (opened?.error ?? ''),
    operator: operatorOf(account),
  }
}
