import type { Patient } from '../src/model.ts'

/** One made-up patient; every value is invented. */
export const patient: Patient = {
  id: 'p-1024',
  ssn: '078-05-1120',
  email: 'ada@example.com',
  birthDate: '1985-12-10',
  bloodPressure: { systolic: 118, diastolic: 76 },
  medications: ['metformin', 'atorvastatin'],
  smoker: false,
  phone: '+44 20 7946 0958',
  address: { street: '12 St James Square', postcode: 'SW1Y 4JH', country: 'GB' },
  visits: [
    { date: '2026-03-02', note: 'Complains of headaches' },
    { date: '2026-09-14', note: 'Much improved' },
  ],
}

/** What must be nowhere but in front of the handler and the caller. */
export const secrets: readonly string[] = [
  patient.ssn,
  patient.email,
  patient.birthDate,
  ...patient.medications,
  patient.address.street,
  patient.address.postcode,
  ...patient.visits.map(({ note }) => note),
]
