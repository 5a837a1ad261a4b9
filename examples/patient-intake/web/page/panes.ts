// What each party has before it, in its own words.
import type { Account } from './account.ts'
import { byId, h, icon } from './dom.ts'
import { browser } from './panes/browser.ts'
import { lambda } from './panes/lambda.ts'
import { log } from './panes/log.ts'
import { table } from './panes/table.ts'
import { wire } from './panes/wire.ts'

interface Pane {
  readonly name: string
  readonly title: string
  readonly icon: string
  /** What one is looking at. */
  readonly what: string
  readonly empty: string
  /** Nothing, as long as there is nothing to draw. */
  readonly draw: (account: Account) => readonly HTMLElement[] | undefined
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
    what: 'The row as DynamoDB holds it, for backups, exports and all who may read the table. Signed as a whole.',
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
    what: 'The response, opened by the client with the keys of this session. No one else on the way has them.',
    empty: 'The response will be opened here.',
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
        h('div', { class: 'content', id: `content-${name}` }),
      ),
    ),
  )
  for (const { name } of panes) fillPane(name)
}

/** Empties all; each keeps its height until the end, so that nothing moves while a request is on its way. */
export const emptyPanes = (): void => {
  for (const { name } of panes) {
    const box = byId(`content-${name}`)
    box.style.minHeight = `${box.getBoundingClientRect().height}px`
    fillPane(name)
  }
}

/** The request is at its end: panes are as high as what they hold. */
export const settlePanes = (): void => {
  for (const { name } of panes) byId(`content-${name}`).style.minHeight = ''
}

/** Draws one pane anew; without an account it is empty. */
export const fillPane = (name: string, account?: Account): void => {
  const { draw, empty } = panes.find((pane) => pane.name === name)!
  const content = account && draw(account)
  const box = byId(`content-${name}`)
  const card = box.closest<HTMLElement>('.pane')!
  box.classList.toggle('arriving', card.dataset.filled !== 'true')
  box.replaceChildren(...(content ?? [h('p', { class: 'empty' }, empty)]))
  card.dataset.filled = String(content !== undefined)
}
