// The difference between what each party can read, at a glance: fields across, parties down.
import { type Account, parsed } from './account.ts'
import { byId, h, icon } from './dom.ts'
import { fieldAt, fieldsIn, isMembers, nameOf, valueAt } from './fields.ts'
import { type Look, lookOf } from './sealed.ts'

interface Party {
  readonly name: string
  readonly icon: string
  /** What it has before it; `undefined` while it has nothing. */
  readonly has: (account: Account) => unknown
}

const parties: readonly Party[] = [
  {
    name: 'Your browser',
    icon: 'device',
    has: ({ action, patient, opened }) => (action === 'send' ? patient : opened?.value),
  },
  {
    name: 'The wire',
    icon: 'wire',
    has: ({ action, wire, answer }) =>
      action === 'send'
        ? wire && parsed(wire.body)
        : answer && isMembers(parsed(answer.body))
          ? parsed(answer.body)
          : undefined,
  },
  { name: 'The Lambda', icon: 'lambda', has: ({ lambda }) => lambda?.seen ?? lambda?.returned },
  { name: 'The table', icon: 'table', has: ({ table }) => table?.row },
  { name: 'The log', icon: 'log', has: ({ log }) => patientIn(log?.lines) },
]

/** The patient that a log line holds. */
const patientIn = (lines: readonly string[] | undefined): unknown => {
  for (const line of lines ?? []) {
    const entry = parsed(line)
    if (isMembers(entry) && entry.patient !== undefined) return entry.patient
  }
  return undefined
}

/** How a field looks to a party; one that went into a bundle is sealed in it. */
const lookAt = (root: unknown, field: string): Look => {
  const look = lookOf(valueAt(root, field) ?? undefined)
  const bundled = isMembers(root) && lookOf(root.sealed) === 'sealed' && fieldAt(field).kind === 'encrypted'
  return look === 'absent' && bundled ? 'sealed' : look
}

const signs: Readonly<Record<Look, readonly [icon: string, words: string]>> = {
  plain: ['eye', 'reads it'],
  sealed: ['lock', 'sees a sealed value'],
  masked: ['half', 'sees the last characters'],
  redacted: ['bar', 'sees that it is redacted'],
  absent: ['', 'has nothing'],
}

const cell = (field: string, look: Look, party: string): HTMLElement => {
  const { kind } = fieldAt(field)
  const [name, words] = signs[look]
  const title = `${party} ${words}: ${nameOf(field)}`
  return h(
    'td',
    { 'data-field': field, 'data-look': look, 'data-kind': kind, title },
    h(
      'span',
      { class: 'cell' },
      name !== '' && icon(kind === 'encrypted' || look !== 'plain' ? name : 'dot'),
    ),
    h('span', { class: 'only-read' }, words),
  )
}

/** With places where a narrow column may break it. */
const breakable = (name: string): string =>
  name
    .replaceAll(/(?<=[.a-z])(?=[A-Z])|(?<=\.)(?=\D)/g, '\u200b')
    .replaceAll(/([a-z]{6})(?=[a-z]{5})/g, '$1\u00ad')

export const drawMatrix = (account: Account | undefined, fields: unknown): void => {
  const places = fieldsIn(fields)
  const head = h(
    'tr',
    {},
    h('td'),
    ...places.map((place) =>
      h(
        'th',
        { scope: 'col', 'data-field': place, 'data-kind': fieldAt(place).kind, title: nameOf(place) },
        h('span', {}, breakable(nameOf(place))),
      ),
    ),
  )
  const rows = parties.map(({ name, icon: sign, has }) => {
    const root = account && has(account)
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, icon(sign), name),
      ...places.map((place) => cell(place, root === undefined ? 'absent' : lookAt(root, place), name)),
    )
  })
  byId('matrix').firstElementChild!.replaceChildren(
    h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)),
  )
}

export const drawMatrixFrame = (): void => {
  // It scrolls on a phone, by the keyboard too.
  const scroller = { class: 'matrix-scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'matrix-title' }
  byId('matrix').append(h('div', scroller))
  const words = [
    ['plain', 'encrypted', 'eye', 'reads the secret'],
    ['sealed', 'encrypted', 'lock', 'sees a token'],
    ['redacted', 'encrypted', 'bar', 'redacted'],
    ['masked', 'masked', 'half', 'masked'],
    ['plain', 'clear', 'dot', 'no secret'],
  ] as const
  byId('matrix-legend').append(
    ...words.map(([look, kind, name, text]) =>
      h('span', { 'data-look': look, 'data-kind': kind }, h('span', { class: 'cell' }, icon(name)), text),
    ),
  )
}
