/** A client's certificate, as far as the source tells it. */
export interface ClientCertificate {
  readonly source: 'rest' | 'http-api' | 'alb'
  /** Whether AWS checked it against the trust store; `false` only for an ALB that passes it through. */
  readonly isVerified: boolean
  /** PEM; absent where an ALB does not send it. */
  readonly pem?: string
  readonly subject?: string
  readonly issuer?: string
  readonly serialNumber?: string
  /** As the source writes it. */
  readonly notBefore?: string
  readonly notAfter?: string
}
