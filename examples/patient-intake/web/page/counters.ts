import type { Account } from './account.ts'
import { byId, h, kilobytes } from './dom.ts'

const counter = (title: string, value: string, note: string, tone = ''): HTMLElement =>
  h('div', { 'data-tone': tone }, h('dt', {}, title), h('dd', {}, value, h('span', {}, note)))

/** One call alone, for a session that begins, leaves the environment as warm as it was. */
const temperature = (calls: readonly string[]): string => {
  if (calls.length === 0) return 'warm'
  return calls.every((name) => name === 'DeriveSharedSecret') ? 'new session' : 'cold'
}

export const drawCounters = (account?: Account): void => {
  const { wire, lambda, answer, patient } = account ?? {}
  const calls = lambda?.kmsCalls.length
  byId('counters').replaceChildren(
    counter(
      'KMS calls',
      calls === undefined ? '–' : String(calls),
      lambda ? `${temperature(lambda.kmsCalls)}; ${lambda.kmsTotal} since the start` : '',
      calls === 0 ? 'good' : '',
    ),
    counter(
      'Sent',
      wire ? kilobytes(wire.bytes) : '–',
      wire?.body && patient ? `for ${kilobytes(JSON.stringify(patient).length)} of JSON` : '',
    ),
    counter(
      'Received',
      answer ? kilobytes(answer.bytes) : '–',
      lambda ? `${lambda.ms.toFixed(0)} ms in the Lambda` : '',
    ),
  )
}
