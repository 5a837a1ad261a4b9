// The way of a request as five stations.
import { isUnseen } from '../attacks.ts'
import { type Account, isMissing, isRefused } from './account.ts'
import { byId, h, icon, kilobytes, plural } from './dom.ts'
import { fieldAt, fieldsIn } from './fields.ts'

type State = 'idle' | 'active' | 'done' | 'refused' | 'skipped' | 'tampered'

interface Station {
  readonly title: string
  readonly icon: string
  readonly idle: string
  /** How it looks, what is said of it, and how many keys it has asked for. */
  readonly tell: (account: Account) => readonly [State, string, badge?: string] | undefined
}

const sealedCount = (patient: unknown): number =>
  fieldsIn(patient).filter((field) => fieldAt(field).kind === 'encrypted').length

const stations: readonly Station[] = [
  {
    title: 'Your browser',
    icon: 'device',
    idle: 'seals what is declared',
    tell: ({ action, patient, wire }) => [
      wire ? 'done' : 'active',
      action === 'send' ? `seals ${plural(sealedCount(patient), 'value')}` : 'sends its keys, sealed',
    ],
  },
  {
    title: 'The wire',
    icon: 'wire',
    idle: 'CDN, firewall, gateway',
    tell: ({ wire, answer, attack }) => {
      if (!wire) return undefined
      const isTampered = wire.changed.length > 0 || answer?.changed.length || (attack && isUnseen(attack))
      if (isTampered) return ['tampered', attack?.title ?? '']
      return ['done', `carries ${kilobytes(wire.bytes)} of tokens`]
    },
  },
  {
    title: 'The Lambda',
    icon: 'lambda',
    idle: 'opens, works, seals',
    tell: (account) => {
      const { lambda } = account
      if (!lambda) return undefined
      if (!lambda.ran) return ['refused', `refuses: ${lambda.status}`]
      if (isRefused(account)) return ['refused', `stops: ${lambda.status}`]
      const calls = lambda.kmsCalls.length
      return calls > 0
        ? ['done', `opens with ${plural(calls, 'KMS call')}`, String(calls)]
        : ['done', 'opens without KMS']
    },
  },
  {
    title: 'The table',
    icon: 'table',
    idle: 'keeps an encrypted row',
    tell: ({ table, action, lambda }) => {
      if (!table) return undefined
      if (table.changed.length > 0) return ['tampered', 'its row was edited']
      if (!table.row) return ['skipped', lambda?.ran ? 'has no such row' : 'is not reached']
      return ['done', action === 'send' ? 'keeps an encrypted row' : 'gives the encrypted row']
    },
  },
  {
    title: 'Back with you',
    icon: 'device',
    idle: 'opens the response',
    tell: (account) => {
      const { answer, opened } = account
      if (!opened) return answer && ['active', `${kilobytes(answer.bytes)} come back`]
      if (opened.error)
        return isMissing(account)
          ? ['skipped', 'hears that there is none']
          : ['refused', isRefused(account) ? 'hears no more than that' : 'refuses the response']
      return ['done', 'opens the response']
    },
  },
]

/** How far the packet is. */
const reached = ({ wire, lambda, table, opened, answer }: Account): number => {
  if (lambda && !table?.row && lambda.status >= 400) return 2
  if (opened || answer) return 4
  if (table?.row) return 3
  if (lambda) return 2
  return wire ? 1 : 0
}

export const drawJourney = (account?: Account): void => {
  const list = byId('journey')
  list.dataset.moving = String(account !== undefined && account.opened === undefined)
  byId('way').style.setProperty('--at', String(account ? reached(account) : 0))
  list.replaceChildren(
    ...stations.map(({ title, icon: name, idle, tell }) => {
      const [state, words, badge] = (account && tell(account)) ?? ['idle', idle]
      return h(
        'li',
        { 'data-state': state },
        h(
          'span',
          { class: 'stop' },
          icon(state === 'tampered' ? 'mask' : name),
          badge && h('b', {}, icon('key'), badge),
        ),
        h('strong', {}, title),
        h('span', { class: 'words' }, words),
      )
    }),
  )
}
