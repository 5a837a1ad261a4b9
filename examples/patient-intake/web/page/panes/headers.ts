import type { Header } from '../../protocol.ts'
import { h, icon } from '../dom.ts'
import { tokenOf } from '../sealed.ts'
import { tokenView } from '../token.ts'
import { changedNote, noteOf } from '../tree.ts'

/** Headers that say something here; the rest is behind a fold. */
const telling = ['authorization', 'encryption-key', 'origin', 'x-forwarded-proto']

export const headerLines = (headers: readonly Header[], changed: readonly string[] = []): HTMLElement => {
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

/** What was there, and is not any more. */
export const removedLine = (name: string): HTMLElement =>
  h(
    'div',
    { class: 'line changed' },
    h('span', { class: 'key' }, name),
    h('span', { class: 'changed-note' }, icon('mask'), 'cut out'),
  )
