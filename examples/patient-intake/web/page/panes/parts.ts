// What panes are made of.
import { withCodes } from '../codes.ts'
import { h, icon } from '../dom.ts'

export const section = (title: string, note: string, ...content: readonly HTMLElement[]): HTMLElement =>
  h('section', {}, h('h3', {}, title, note !== '' && h('span', {}, note)), ...content)

export const raw = (title: string, text: string): HTMLElement =>
  h('details', { class: 'raw' }, h('summary', {}, title), h('pre', {}, text))

export const nothing = (text: string): HTMLElement => h('p', { class: 'nothing' }, text)

export const refusal = (title: string, text: string): HTMLElement =>
  h(
    'div',
    { class: 'refusal' },
    icon('cross'),
    h('div', {}, h('strong', {}, ...withCodes(title)), h('p', {}, text)),
  )
