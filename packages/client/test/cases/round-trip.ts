import { equal, ok } from '../support/check.ts'
import { pair, patient, secrets } from '../support/patient.ts'

/** What goes in is what the service sees, and what it answers comes back; jose is the other end. */
export const roundTrip: Record<string, () => Promise<void>> = {
  'fields leave sealed and come back open': async () => {
    const { service, api } = await pair()
    const body = patient()
    const response = await api.fetch('/patients', { method: 'POST', body })
    equal(body, patient(), 'the body of the caller')
    equal(response.status, 200)
    equal(await response.json(), patient(), 'the response')
    const [exchange] = service.exchanges
    equal(exchange!.payload, patient(), 'what the service saw')
    for (const secret of secrets) ok(!exchange!.body!.includes(secret), 'the wire holds no value')
    ok(exchange!.body!.includes('NL'), 'the rest stays readable')
  },
}
