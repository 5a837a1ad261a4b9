import { type Attack, attacks, stations } from '../attacks.ts'
import { withCodes } from './codes.ts'
import { byId, h, icon } from './dom.ts'
import type { Report } from './report.ts'

let armed: Attack | undefined
/** The attack that was tried last, which is shown while none is switched on. */
let latest: Attack | undefined
let hasEarlier = false
let hasFields = true
let onChange: () => void = () => {}
const reports = new Map<Attack, Report>()

/** The attack that the switch is on for, where it goes with the action. */
export const armedFor = (action: 'send' | 'read'): Attack | undefined =>
  armed && (armed.on ?? action) === action ? armed : undefined

const hindrance = ({ needsEarlier, needsFields }: Attack): string | undefined => {
  if (needsFields && !hasFields) return 'A bundle is one token: choose “one by one” in the form.'
  return needsEarlier && !hasEarlier ? 'Needs an honest request before it: press Send first.' : undefined
}

const row = (attack: Attack): HTMLElement => {
  const { name, title } = attack
  const button = h(
    'button',
    {
      type: 'button',
      class: 'attack',
      role: 'switch',
      'aria-checked': 'false',
      'aria-describedby': `does-${name}`,
      'data-attack': name,
    },
    h('span', { class: 'knob', 'aria-hidden': 'true' }),
    h('span', { class: 'title' }, title),
    h('span', { class: 'result' }),
  )
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') === 'true') return
    armed = armed === attack ? undefined : attack
    update()
    onChange()
  })
  return h('div', {}, button, h('span', { class: 'only-read', id: `does-${name}` }))
}

const buttonOf = (attack: Attack) =>
  byId('attacks').querySelector<HTMLElement>(`[data-attack=${attack.name}]`)!

const update = (): void => {
  for (const attack of attacks) {
    const button = buttonOf(attack)
    const hindered = hindrance(attack)
    if (hindered && armed === attack) armed = undefined
    button.setAttribute('aria-checked', String(armed === attack))
    button.setAttribute('aria-disabled', String(hindered !== undefined))
    button.title = hindered ?? attack.does
    byId(`does-${attack.name}`).textContent = hindered ?? attack.does
  }
  drawReport()
}

/** Which button carries an attack out. */
const buttonsFor = ({ on }: Attack): string =>
  on === undefined ? 'Send or Read' : on === 'send' ? 'Send' : 'Read'

const drawReport = (): void => {
  const box = byId('attack-report')
  const attack = armed ?? latest
  if (!attack) {
    box.replaceChildren(
      h(
        'p',
        {},
        'The attacker is a proxy past TLS, a colleague with a login, someone who can write to the table, or a handler ' +
          'with a mistake. Here you will read what became of the attack: the code, what the caller sees, and what ' +
          'the operator sees.',
      ),
    )
    return
  }
  const report = reports.get(attack)
  const entry = (title: string, text: string) =>
    h('div', {}, h('dt', {}, title), h('dd', {}, ...withCodes(text)))
  box.replaceChildren(
    h('p', {}, h('strong', {}, `${attack.title}. `), attack.does),
    report
      ? h(
          'dl',
          {},
          entry('Code', report.code),
          entry('The caller sees', report.caller),
          entry('The operator sees', report.operator),
        )
      : h('p', { class: 'next' }, `Not tried yet: press “${buttonsFor(attack)}, tampered”.`),
  )
}

export const drawTampering = (changed: () => void): void => {
  onChange = changed
  byId('attacks').append(
    ...Object.entries(stations).map(([at, title]) =>
      h(
        'div',
        { class: 'station', 'data-station': at, role: 'group', 'aria-labelledby': `station-${at}` },
        h('h3', { id: `station-${at}` }, title),
        h('div', { class: 'switches' }, ...attacks.filter((attack) => attack.at === at).map(row)),
      ),
    ),
  )
  update()
}

/** What the attacks can build on. */
export const allowTampering = (now: { earlier?: boolean; fields?: boolean }): void => {
  hasEarlier = now.earlier ?? hasEarlier
  hasFields = now.fields ?? hasFields
  update()
  onChange()
}

/** Notes beside the switch, and below all of them, how it went. */
export const noteResult = (attack: Attack, report: Report, words: string): void => {
  reports.set(attack, report)
  latest = attack
  const result = buttonOf(attack).querySelector<HTMLElement>('.result')!
  result.dataset.held = String(report.held)
  result.title = words
  result.replaceChildren(icon(report.held ? 'check' : 'cross'), h('span', { class: 'only-read' }, words))
  drawReport()
}
