import { type Account, isRefused } from '../account.ts'
import { h } from '../dom.ts'
import { isMembers } from '../fields.ts'
import { tree } from '../tree.ts'
import { refusal, section } from './parts.ts'

/** What each operation is for, and how often it is due. */
const kmsNotes: Readonly<Record<string, string>> = {
  GetPublicKey: 'the key that browsers encrypt to; once an environment',
  DeriveSharedSecret: 'opens the session’s keys; once a session',
  Decrypt: 'opens the clinic’s branch key; once an environment',
}

const kmsLines = (calls: readonly string[]): HTMLElement[] =>
  calls.length === 0
    ? [h('p', { class: 'note' }, 'Not asked: all keys are in memory.')]
    : [
        h(
          'div',
          { class: 'tree' },
          ...calls.map((name) =>
            h(
              'div',
              { class: 'line' },
              h('span', { class: 'key' }, name),
              h('span', { class: 'purpose' }, kmsNotes[name]),
            ),
          ),
        ),
      ]

/** The end of a handler whose work was lost. */
const stops = {
  example: 'The handler ran, and what it asked for was refused. It got nothing to work with.',
  echo: 'The handler ran, and returned an error with values in it. They were taken out before it left.',
  draft: 'The handler ran, and its write was refused. Nothing was sent to the table.',
}

export const lambda = (account: Account): readonly HTMLElement[] | undefined => {
  if (!account.lambda) return undefined
  const { ran, seen, returned, status, code = '', ms, kmsCalls, kmsTotal } = account.lambda
  const head = `${status} ${code}`
  if (!ran)
    return [
      refusal(
        head,
        'A middleware refused the request. The handler did not run; not a single value was handed to it.',
      ),
    ]
  const views = [section('KMS', `${kmsTotal} calls since the start`, ...kmsLines(kmsCalls))]
  if (isRefused(account)) views.unshift(refusal(head, stops[account.attack?.handler ?? 'example']))
  const time = `${ms.toFixed(1)} ms`
  if (isMembers(seen)) views.push(section('event.body, opened', time, tree(seen)))
  if (isMembers(returned))
    views.push(section('Returned, before it is sealed', isMembers(seen) ? '' : time, tree(returned)))
  return views
}
