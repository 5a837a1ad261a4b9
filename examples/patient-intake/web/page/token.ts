import { h, icon, kilobytes } from './dom.ts'
import { explain, fingerprint, sealedText, sizeOf, type Token, tokenOf } from './sealed.ts'

let counter = 0

/** A sealed value: a short button that opens what anyone can read of it. */
export const tokenView = (value: unknown, name: string): HTMLElement => {
  const text = sealedText(value)!
  const token = tokenOf(value)
  const id = `token-${++counter}`
  const marks = h('span', { class: 'marks', 'aria-hidden': 'true' })
  for (const hue of fingerprint(text)) {
    const mark = h('i')
    mark.style.setProperty('--hue', String(hue * 30))
    marks.append(mark)
  }
  const button = h(
    'button',
    { type: 'button', class: 'token', 'aria-expanded': 'false', 'aria-controls': id },
    icon('lock'),
    h('span', { class: 'only-read' }, `sealed value of ${name}, `),
    h('span', { class: 'start' }, token ? text.split('.').at(-1)!.slice(0, 7) : text.slice(-8).slice(0, 7)),
    marks,
    h('span', { class: 'size' }, kilobytes(sizeOf(value))),
  )
  const details = h('div', { id, class: 'details', hidden: true })
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true'
    button.setAttribute('aria-expanded', String(!open))
    if (!open && !details.hasChildNodes())
      details.append(...(token ? jweDetails(token) : byteDetails(text, name)))
    details.hidden = open
    if (!open) details.scrollIntoView({ block: 'nearest' })
  })
  return h('span', { class: 'token-holder' }, button, details)
}

const jweDetails = ({ header, parts }: Token): HTMLElement[] => {
  const total = parts.reduce((sum, [, length]) => sum + length, 0)
  const bar = h('div', { class: 'parts' })
  for (const [name, length] of parts.filter(([, size]) => size > 0)) {
    const part = h('span', { title: `${name}: ${length} characters` }, name)
    part.style.setProperty('flex-grow', String(Math.max(length / total, 0.08)))
    bar.append(part)
  }
  const list = h('dl')
  for (const [name, value] of Object.entries(header))
    list.append(
      h(
        'div',
        {},
        h('dt', {}, name),
        h('dd', {}, h('code', {}, shown(name, value)), h('span', {}, explain(name, value))),
      ),
    )
  return [h('p', {}, 'JSON Web Encryption. Its header is readable, and authenticated:'), list, bar]
}

const shown = (name: string, value: unknown): string => {
  if ((name === 'iat' || name === 'exp') && typeof value === 'number')
    return `${value} (${new Date(value * 1000).toLocaleTimeString()})`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const byteDetails = (text: string, name: string): HTMLElement[] => [
  h(
    'p',
    {},
    name.startsWith('aws_dbe_')
      ? 'Part of the format of AWS’s Database Encryption SDK, in base64.'
      : 'An attribute in the format of AWS’s Database Encryption SDK: its type, its ciphertext and the tag, in base64.',
  ),
  h('code', { class: 'raw' }, text.length > 240 ? `${text.slice(0, 240)}…` : text),
]
