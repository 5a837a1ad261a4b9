import type { Patient } from '../../src/model.ts'
import type { Attack } from '../attacks.ts'
import type { AnswerSeen, LambdaSeen, LogSeen, TableSeen, WireSeen } from '../protocol.ts'
import type { Opened } from './story.ts'

/** All that is known of one request so far. */
export interface Account {
  readonly action: 'send' | 'read'
  /** The patient as the form has it, in the clear. */
  readonly patient: unknown
  readonly attack?: Attack
  readonly wire?: WireSeen
  readonly lambda?: LambdaSeen
  readonly table?: TableSeen
  readonly log?: LogSeen
  readonly answer?: AnswerSeen
  readonly opened?: Opened
}

/** The handler looked, and there was nothing. */
export const isMissing = ({ lambda }: Account): boolean => lambda?.status === 404 && lambda.code === undefined

export const isRefused = (account: Account): boolean =>
  account.lambda !== undefined && account.lambda.status >= 400 && !isMissing(account)

/** JSON where it is JSON. */
export const parsed = (text: string | undefined): unknown => {
  try {
    return text === undefined || text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * Nothing went where it must not: what was tampered with was refused, here or there, and a careless handler's error
 * holds no value of the form.
 */
export const hasHeld = ({ attack, patient, lambda, answer, opened }: Account): boolean => {
  if (attack?.handler !== 'echo') return (lambda?.status ?? 0) >= 400 || opened?.error !== undefined
  const { ssn, email } = patient as Patient
  return answer !== undefined && ![ssn, email].some((value) => answer.body.includes(value))
}
