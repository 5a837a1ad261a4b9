// What each party has before it, in its own words.
import type { Header } from '../protocol.ts'
import { type Account, isMissing, isRefused, parsed } from './account.ts'
import { byId, h, icon, kilobytes } from './dom.ts'
import { isMembers } from './fields.ts'
import { tokenOf } from './sealed.ts'
import { tokenView } from './token.ts'
import { changedNote, noteOf, tree } from './tree.ts'

interface Pane {
  readonly name: string
  readonly title: string
  readonly icon: string
  readonly what: string
  readonly empty: string
  readonly draw: (account: Account) => readonly HTMLElement[] | undefined
}

const section = (title: string, note: string, ...content: readonly HTMLElement[]): HTMLElement =>
  h('section', {}, h('h3', {}, title, note !== '' && h('span', {}, note)), ...content)

const raw = (title: string, text: string): HTMLElement =>
  h('details', { class: 'raw' }, h('summary', {}, title), h('pre', { tabindex: 0 }, text))

const nothing = (text: string): HTMLElement => h('p', { class: 'nothing' }, text)

const refusal = (title: string, text: string): HTMLElement =>
  h('div', { class: 'refusal' }, icon('cross'), h('div', {}, h('strong', {}, title), h('p', {}, text)))

/** Headers that say something here; the rest is behind a fold. */
const telling = ['authorization', 'encryption-key', 'origin', 'x-forwarded-proto']

const headerLines = (headers: readonly Header[], changed: readonly string[] = []): HTMLElement => {
  const line = ([name, value]: Header) => {
    const isChanged = changed.includes(`header:${name}`)
    return h(
      'div',
      { class: `line ${isChanged ? 'changed' : ''}` },
      h('span', { class: 'key' }, name),
      tokenOf(value) ? tokenView(value, name) : h('span', { class: 'value' }, value),
      isChanged ? changedNote() : noteOf(name),
    )
  }
  const removed = changed.filter(
    (place) => place.startsWith('header:') && !headers.some(([name]) => place === `header:${name}`),
  )
  const others = headers.filter(([name]) => !telling.includes(name))
  return h(
    'div',
    { class: 'tree headers' },
    ...headers.filter(([name]) => telling.includes(name)).map(line),
    ...removed.map((place) => removedLine(place.slice('header:'.length))),
    others.length > 0 &&
      h('details', {}, h('summary', {}, `${others.length} more headers`), ...others.map(line)),
  )
}

/** The session's keys are what the rest stands on. */
const keysFirst = (body: unknown): unknown =>
  isMembers(body) && body.$jwe !== undefined ? { $jwe: body.$jwe, ...body } : body

const removedLine = (name: string): HTMLElement =>
  h(
    'div',
    { class: 'line changed' },
    h('span', { class: 'key' }, name),
    h('span', { class: 'changed-note' }, icon('mask'), 'cut out'),
  )

const wire = ({ wire: request, answer }: Account): readonly HTMLElement[] | undefined => {
  if (!request) return undefined
  const body = parsed(request.body)
  const gone = request.changed.filter(
    (place) => place === '/$jwe' && isMembers(body) && body.$jwe === undefined,
  )
  return [
    section(
      `${request.method} ${request.path}`,
      kilobytes(request.bytes),
      headerLines(request.headers, request.changed),
      ...(request.body === undefined
        ? []
        : [
            tree(keysFirst(body), { changed: request.changed }),
            ...gone.map(() => removedLine('$jwe')),
            raw('The body as sent', request.body),
          ]),
    ),
    ...(answer
      ? [
          section(
            `Answer ${answer.status}`,
            kilobytes(answer.bytes),
            headerLines(answer.headers),
            ...(answer.body === ''
              ? []
              : [
                  tree(keysFirst(parsed(answer.body)), { changed: answer.changed }),
                  raw('The body as sent', answer.body),
                ]),
          ),
        ]
      : []),
  ]
}

const kmsNotes: Readonly<Record<string, string>> = {
  GetPublicKey: 'the key that browsers encrypt to; once an environment',
  DeriveSharedSecret: 'opens the session’s keys; once a session',
  Decrypt: 'opens the clinic’s branch key; once an environment',
}

const kmsLines = (calls: readonly string[]): HTMLElement[] =>
  calls.length === 0
    ? [h('p', { class: 'note' }, 'Not asked: all keys are in memory.')]
    : calls.map((name) =>
        h(
          'div',
          { class: 'line' },
          h('span', { class: 'key' }, name),
          h('span', { class: 'note' }, kmsNotes[name]),
        ),
      )

const lambda = (account: Account): readonly HTMLElement[] | undefined => {
  const seen = account.lambda
  if (!seen) return undefined
  const note = `${seen.ms.toFixed(1)} ms`
  const kms = section('KMS', `${seen.kmsTotal} calls since the start`, ...kmsLines(seen.kmsCalls))
  if (!seen.ran)
    return [
      refusal(
        `${seen.status} ${seen.code ?? ''}`,
        'A middleware refused the request. The handler did not run; not a single value was handed to it.',
      ),
    ]
  return [
    ...(isRefused(account)
      ? [
          refusal(
            `${seen.status} ${seen.code ?? ''}`,
            'The handler ran, and what it asked for was refused. It got nothing to work with.',
          ),
        ]
      : []),
    kms,
    ...(isMembers(seen.seen) ? [section('event.body, opened', note, tree(seen.seen))] : []),
    ...(isMembers(seen.returned)
      ? [section('Returned, before it is sealed', isMembers(seen.seen) ? '' : note, tree(seen.returned))]
      : []),
  ]
}

/** A table has no order of attributes: its key first, the format's own last. */
const sorted = (row: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const rank = (name: string) =>
    name === 'clinic' || name === 'id' ? 0 : name.startsWith('aws_dbe_') ? 2 : 1
  return Object.fromEntries(
    Object.entries(row).toSorted(([one], [other]) => rank(one) - rank(other) || one.localeCompare(other)),
  )
}

const table = ({ table: seen, lambda: ran }: Account): readonly HTMLElement[] | undefined => {
  if (!seen) return undefined
  if (!seen.row)
    return [
      nothing(ran?.ran ? 'There is no such row for this clinic.' : 'The request did not come this far.'),
    ]
  return [section('Patients', 'one row', tree(sorted(seen.row), { changed: seen.changed }))]
}

const log = ({ log: seen }: Account): readonly HTMLElement[] | undefined => {
  if (!seen) return undefined
  if (seen.lines.length === 0) return [nothing('Nothing was logged.')]
  return seen.lines.map((line) => {
    const entry = parsed(line)
    if (!isMembers(entry)) return h('pre', {}, line)
    const { level, message, timestamp: _, service: __, sampling_rate: ___, error, ...rest } = entry
    const { name, message: words, code } = isMembers(error) ? error : {}
    const shown = { ...rest, ...(isMembers(error) && { error: { name, code, message: words } }) }
    return section(
      `${level} ${message}`,
      '',
      tree(shown, { base: '/patient' }),
      raw('The line as written', line),
    )
  })
}

const browser = (account: Account): readonly HTMLElement[] | undefined => {
  const { opened } = account
  if (!opened) return undefined
  if (isMissing(account)) return [nothing('There is no such patient in this clinic.')]
  if (opened.error === undefined) return [section('await response.json()', '', tree(opened.value))]
  return [
    isRefused(account)
      ? refusal(
          opened.error,
          'The service answered with no more than this: it tells nobody which check has failed.',
        )
      : refusal(opened.error, 'The client refused what came back. The page got an error, and no value.'),
  ]
}

const panes: readonly Pane[] = [
  {
    name: 'wire',
    title: 'The wire',
    icon: 'wire',
    what: 'What a CDN, a firewall, a proxy, the gateway and their logs get to see. The structure is readable, the contents are not.',
    empty: 'The request will pass here.',
    draw: wire,
  },
  {
    name: 'lambda',
    title: 'The Lambda',
    icon: 'lambda',
    what: 'What the handler works with: plain values, because the middlewares have checked and opened them.',
    empty: 'The handler will see the values here.',
    draw: lambda,
  },
  {
    name: 'table',
    title: 'The table',
    icon: 'table',
    what: 'The row as DynamoDB holds it, for backups, exports and whoever may read the table. Signed as a whole.',
    empty: 'The row will stand here.',
    draw: table,
  },
  {
    name: 'log',
    title: 'The log',
    icon: 'log',
    what: 'What logger.info({ patient }) has written: the logger knows the same declaration, and redacts.',
    empty: 'Log lines will appear here.',
    draw: log,
  },
  {
    name: 'browser',
    title: 'Back in your browser',
    icon: 'device',
    what: 'The answer, opened by the client with the keys of this session. Nobody else on the way has them.',
    empty: 'The answer will be opened here.',
    draw: browser,
  },
]

export const drawPanes = (): void => {
  byId('panes').append(
    ...panes.map(({ name, title, icon: sign, what }) =>
      h(
        'section',
        { class: 'card pane', 'data-pane': name, 'aria-labelledby': `pane-${name}` },
        h('div', { class: 'card-head' }, h('h2', { id: `pane-${name}` }, icon(sign), title)),
        h('p', { class: 'what' }, what),
        h('div', {
          class: 'content',
          id: `content-${name}`,
          tabindex: 0,
          role: 'region',
          'aria-labelledby': `pane-${name}`,
        }),
      ),
    ),
  )
  for (const { name } of panes) fillPane(name)
}

/** Draws one pane anew; without an account it is empty. */
export const fillPane = (name: string, account?: Account): void => {
  const { draw, empty } = panes.find((pane) => pane.name === name)!
  const content = account && draw(account)
  const box = byId(`content-${name}`)
  const card = box.closest<HTMLElement>('.pane')!
  box.classList.toggle('arriving', card.dataset.filled !== 'true')
  box.replaceChildren(...(content ?? [h('p', { class: 'empty' }, empty)]))
  const changed = box.querySelector<HTMLElement>('.changed')
  if (changed) box.scrollTop = changed.offsetTop - box.offsetTop - 60
  card.dataset.filled = String(content !== undefined)
}
