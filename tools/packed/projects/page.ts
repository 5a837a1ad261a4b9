// The device: encrypts what it sends, shows what comes back, and what becomes of a field in the clear.
import { createClient } from '@glassine/client'
import { Encrypted, Model } from '@glassine/core'

@Model('patient')
class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
}

const { origin } = location
const api = createClient({
  baseUrl: origin,
  insecureOrigin: origin,
  fields: Patient,
  bind: { tenant: 't-1' },
})
const patient: Patient = { id: 'p-1', ssn: '078-05-1120' }
const response = await api.fetch('/patients', { method: 'POST', body: patient })
const { ssn }: Patient = await response.json()
const { status } = await fetch('/clear', { method: 'POST', body: JSON.stringify(patient) })
document.querySelector('output')!.textContent = `${ssn} ${status}`
