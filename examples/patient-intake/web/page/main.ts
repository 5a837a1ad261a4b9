import { tokenOf } from '../../demo/traffic.ts'
import type { Attack } from '../attacks.ts'
import { playgroundHeader } from '../protocol.ts'
import { type Account, hasHeld, parsed } from './account.ts'
import { type Api, createApi, createVisitorApi } from './api.ts'
import { drawCounters } from './counters.ts'
import { byId } from './dom.ts'
import { isMembers } from './fields.ts'
import { drawForm, patientOf } from './form.ts'
import { followPointer } from './highlight.ts'
import { drawJourney } from './journey.ts'
import { drawMatrix, drawMatrixFrame } from './matrix.ts'
import { drawPanes, emptyPanes, fillPane, settlePanes } from './panes.ts'
import { reportOf } from './report.ts'
import { drawSettings, settings } from './settings.ts'
import { createStory, type Opened, type Step } from './story.ts'
import { allowTampering, armedFor, drawTampering, noteResult } from './tampering.ts'
import { drawVerdict } from './verdict.ts'

/** The way is below the form then. */
const narrow = matchMedia('(max-width: 980px)')
const page = crypto.randomUUID()
let api: Api
let visitorApi: Api
let account: Account | undefined

const draw = (): void => {
  drawJourney(account)
  drawVerdict(account)
  drawCounters(account)
  drawMatrix(account, account?.action === 'read' ? (account.opened?.value ?? patientOf()) : patientOf())
}

/** Which pane shows which step. */
const paneOf = {
  wire: 'wire',
  lambda: 'lambda',
  table: 'table',
  log: 'log',
  answer: 'wire',
  opened: 'browser',
} as const

const story = createStory((step: Step) => {
  account = { ...account!, [step.kind]: step }
  fillPane(paneOf[step.kind], account)
  draw()
  if (step.kind === 'opened') conclude(account)
})

const conclude = (account: Account): void => {
  const { attack, lambda, action } = account
  document.body.dataset.state = 'rest'
  settlePanes()
  if (!lambda) return
  const held = hasHeld(account)
  const word = attack?.handler === 'echo' ? 'redacted' : 'refused'
  const result = lambda.status >= 400 ? `${lambda.status} ${word}` : 'refused here'
  if (attack) noteResult(attack, reportOf(account, held), held ? result : 'not refused')
  else if (!held && action === 'send') allowTampering({ earlier: true })
}

/** Begins a session of its own, with the settings as they are. */
const begin = (): void => {
  api = createApi(settings())
  visitorApi = createVisitorApi(settings())
  allowTampering({ earlier: false, fields: settings().shape === 'field' })
}

/** Carries a request out, and tells it; a narrow page then shows its way, if the user has asked for it. */
const travel = async (action: 'send' | 'read', isAsked = true): Promise<void> => {
  const id = crypto.randomUUID()
  const attack = armedFor(action)
  const patient = patientOf()
  account = { action, patient, attack }
  document.body.dataset.state = 'busy'
  story.begin(id)
  emptyPanes()
  draw()
  if (narrow.matches && isAsked) byId('journey').closest('.card')!.scrollIntoView({ behavior: 'smooth' })
  const opened = await request(action, id, attack)
  if (opened.threw) story.end(opened)
  else story.add(opened)
}

const request = async (action: 'send' | 'read', id: string, attack: Attack | undefined): Promise<Opened> => {
  const { clinic, shape } = settings()
  const patient = patientOf()
  const headers = {
    authorization: tokenOf(clinic, 'ada'),
    [playgroundHeader]: `${page} ${id} ${shape} ${attack?.name ?? '-'}`,
  }
  const client = attack?.model ? visitorApi : api
  try {
    const response = await (action === 'send'
      ? client.fetch('/patients', { method: 'POST', headers, body: patient })
      : client.fetch(`/patients/${encodeURIComponent(patient.id)}`, { headers }))
    if (!response.ok)
      return {
        kind: 'opened',
        id,
        error: `${response.status} ${detailOf(await response.text()) || response.statusText}`,
      }
    return { kind: 'opened', id, value: await response.json() }
  } catch (error) {
    return { kind: 'opened', id, threw: true, error: (error as { code?: string }).code ?? String(error) }
  }
}

/** What a problem (RFC 9457) says in words; any other response as it is. */
const detailOf = (text: string): string => {
  const problem = parsed(text)
  return isMembers(problem) && typeof problem.detail === 'string' ? problem.detail : text
}

/** The buttons say what they will do. */
const drawActions = (): void => {
  for (const [action, words] of [
    ['send', 'Send'],
    ['read', 'Read back'],
  ] as const) {
    const attack = armedFor(action)
    byId(action).dataset.armed = String(attack !== undefined)
    byId(action).textContent = attack ? `${words.split(' ')[0]}, tampered` : words
  }
}

drawForm()
drawMatrixFrame(draw)
drawPanes()
drawTampering(drawActions)
drawSettings(begin)
begin()
draw()
followPointer()

byId('form').addEventListener('submit', (event) => {
  event.preventDefault()
  travel('send')
})
byId('read').addEventListener('click', () => travel('read'))

// The form stays beside what everyone sees. It may be higher than the page, and its end must come into sight.
new ResizeObserver(([entry]) => {
  const device = entry!.target as HTMLElement
  device.style.setProperty('--height', `${device.offsetHeight}px`)
}).observe(document.querySelector('.device')!)

const events = new EventSource(`/playground/events?page=${page}`)
events.addEventListener('message', ({ data }) => story.add(JSON.parse(data)))
// The example is sent at once, so that there is something to see.
events.addEventListener('open', () => account || travel('send', false), { once: true })
