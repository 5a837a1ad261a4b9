import type { Account } from './account.ts'
import { byId, h, kilobytes } from './dom.ts'

const counter = (title: string, value: string, note: string, tone = ''): HTMLElement =>
  h('div', { 'data-tone': tone }, h('dt', {}, title), h('dd', {}, value, h('span', {}, note)))

export const drawCounters = (account?: Account): void => {
  const { wire, lambda, answer, patient } = account ?? {}
  const calls = lambda?.kmsCalls.length
  byId('counters').replaceChildren(
    counter(
      'KMS calls',
      calls === undefined ? '–' : String(calls),
      calls === undefined ? '' : calls > 0 ? 'cold' : 'warm',
      calls === 0 ? 'good' : '',
    ),
    counter('since the start', lambda ? String(lambda.kmsTotal) : '–', 'KMS calls'),
    counter(
      'sent',
      wire ? kilobytes(wire.bytes) : '–',
      wire?.body && patient ? `for ${kilobytes(JSON.stringify(patient).length)} of JSON` : '',
    ),
    counter(
      'received',
      answer ? kilobytes(answer.bytes) : '–',
      lambda ? `${lambda.ms.toFixed(0)} ms in the Lambda` : '',
    ),
  )
}
