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

/** Where words may be broken in a narrow column. */
const breaks: Readonly<Record<string, string>> = {
  birthDate: 'birth\u200bDate',
  bloodPressure: 'blood\u200bPres\u00adsure',
  medications: 'med\u00adi\u00adca\u00adtions',
  smoker: 'smok\u00ader',
  postcode: 'post\u00adcode',
  country: 'coun\u00adtry',
  'Your browser': 'Your brow\u00adser',
  'The Lambda': 'The Lamb\u00adda',
  allergies: 'al\u00adler\u00adgies',
}

const breakable = (name: string): string => breaks[name] ?? name

/** The object or list element that a field is in: none for a field of the patient. */
const groupOf = (place: string): string => place.slice(0, place.lastIndexOf('/'))

const heading = (place: string, text: string, attributes: Readonly<Record<string, string | number>>) =>
  h(
    'th',
    { 'data-field': place, 'data-kind': fieldAt(place).kind, title: nameOf(place), ...attributes },
    h('span', {}, text),
  )

/** Two lines of headings for the fields across, the upper one for what has several fields. */
const headings = (groups: readonly (readonly string[])[]): HTMLElement[] => {
  const upper = groups.map((places) => {
    const group = groupOf(places[0]!)
    const colspan = places.length
    return group === ''
      ? h('td', { colspan })
      : heading(group, nameOf(group), { scope: 'colgroup', colspan, class: 'group' })
  })
  const lower = groups
    .flat()
    .map((place) => heading(place, breakable(place.slice(groupOf(place).length + 1)), { scope: 'col' }))
  return [h('tr', {}, h('td'), ...upper), h('tr', {}, h('td'), ...lower)]
}

interface Seer {
  readonly party: Party
  readonly look: (place: string) => Look
}

const across = (places: readonly string[], seers: readonly Seer[]): HTMLElement => {
  const groups = [...new Set(places.map(groupOf))].map((group) =>
    places.filter((place) => groupOf(place) === group),
  )
  return h(
    'table',
    { 'data-fields': 'across' },
    h('thead', {}, ...headings(groups)),
    h(
      'tbody',
      {},
      ...seers.map(({ party, look }) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, icon(party.icon), party.name),
          ...groups.flat().map((place) => cell(place, look(place), party.name)),
        ),
      ),
    ),
  )
}

/** Fields down, where there is no room for all of them across. */
const down = (places: readonly string[], seers: readonly Seer[]): HTMLElement =>
  h(
    'table',
    { 'data-fields': 'down' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td'),
        ...seers.map(({ party }) => h('th', { scope: 'col' }, icon(party.icon), breakable(party.name))),
      ),
    ),
    h(
      'tbody',
      {},
      ...places.map((place) =>
        h(
          'tr',
          {},
          heading(place, nameOf(place).split('.').map(breakable).join('.\u200b'), { scope: 'row' }),
          ...seers.map(({ party, look }) => cell(place, look(place), party.name)),
        ),
      ),
    ),
  )

/** In pixels: less is too narrow for all fields. */
const roomAcross = 760

export const drawMatrix = (account: Account | undefined, fields: unknown): void => {
  const box = byId('matrix')
  const places = fieldsIn(fields)
  const seers = parties.map((party): Seer => {
    const root = account && party.has(account)
    return { party, look: (place) => (root === undefined ? 'absent' : lookAt(root, place)) }
  })
  box.replaceChildren((box.clientWidth < roomAcross ? down : across)(places, seers))
}

/** `redraw` is called when there is more room than before, or less. */
export const drawMatrixFrame = (redraw: () => void): void => {
  const words = [
    ['plain', 'encrypted', 'eye', 'reads the secret'],
    ['sealed', 'encrypted', 'lock', 'sees a token'],
    ['redacted', 'encrypted', 'bar', 'redacted'],
    ['masked', 'masked', 'half', 'masked'],
    ['plain', 'clear', 'dot', 'readable'],
  ] as const
  byId('matrix-legend').append(
    ...words.map(([look, kind, name, text]) =>
      h('span', { 'data-look': look, 'data-kind': kind }, h('span', { class: 'cell' }, icon(name)), text),
    ),
  )
  let isNarrow: boolean | undefined
  new ResizeObserver(([entry]) => {
    const narrow = entry!.contentRect.width < roomAcross
    if (narrow !== isNarrow) redraw()
    isNarrow = narrow
  }).observe(byId('matrix'))
}
