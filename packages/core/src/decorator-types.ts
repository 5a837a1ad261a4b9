import type { IsAny, IsEncrypted, SealsNoJson } from './types.ts'

/** The compiler prints the sentence when a decorated field breaks a rule: no argument has this type. */
interface Fault<Sentence extends string> {
  readonly glassine: Sentence
}

// Without `strictNullChecks` everything may be undefined, and the compiler cannot tell optional members apart.
type MayBe<Absent, V> = undefined extends string ? false : Absent extends V ? true : false

/** What a compiler passes to a field decorator besides the target: for legacy decorators, the member's name. */
type Where = string | symbol | ClassFieldDecoratorContext<any, any>

// One signature for both kinds of decorators, not two overloads: of several, the compiler prints the last one's
// error, which means nothing to users of the other kind.

/** The declared type of the decorated field in a box, or the fault of a member that no decorator can declare. */
type FieldOf<Target, At> = At extends PropertyKey
  ? Target extends abstract new (
      ...args: never[]
    ) => unknown
    ? Unfit
    : At extends keyof Target
      ? { readonly type: Target[At] }
      : Unfit
  : At extends { static: true } | { private: true }
    ? Unfit
    : At extends ClassFieldDecoratorContext<any, infer Value>
      ? { readonly type: Value }
      : Unfit

type Unfit = Fault<'only public instance fields can be declared'>

/** `unknown` if the type of an `@Encrypted` field is right. */
type EncryptedRule<F, Optional extends boolean> = F extends { readonly type: infer V }
  ? IsEncrypted<V> extends false
    ? Fault<'the field must be declared with the type Encrypted<...>'>
    : true extends SealsNoJson<V>
      ? Fault<'Encrypted<...> is of what JSON has: a Date, a Map or bytes go in as a text, a number or a list'>
      : Optional extends true
        ? unknown
        : MayBe<undefined, V> extends true
          ? Fault<'a field that may be absent needs { optional: true }'>
          : unknown
  : F

/** `unknown` if the type of a `@Masked` field is right. */
type MaskedRule<F> = F extends { readonly type: infer V }
  ? IsAny<V> extends true
    ? Fault<'the field must be declared as a string'>
    : IsEncrypted<V> extends true
      ? Fault<'a masked field is not Encrypted<...>: it is never encrypted'>
      : [NonNullable<V>] extends [string]
        ? unknown
        : Fault<'the field must be declared as a string'>
  : F

/** `unknown` if the type of an `@Authenticated` field is right. */
type AuthenticatedRule<F, Optional extends boolean> = F extends { readonly type: infer V }
  ? IsAny<V> extends true
    ? Fault<'the field must be declared as a string, an integer, a boolean or null'>
    : IsEncrypted<V> extends true
      ? Fault<'an authenticated field is not Encrypted<...>: it stays readable'>
      : [V] extends [string | number | boolean | null | undefined]
        ? Optional extends true
          ? unknown
          : MayBe<undefined, V> extends true
            ? Fault<'a field that may be absent needs { optional: true }'>
            : unknown
        : Fault<'the field must be declared as a string, an integer, a boolean or null'>
  : F

/** `unknown` if the type of a `@Nested` field is right. */
type NestedRule<F, T, In, Optional extends boolean> = F extends { readonly type: infer V }
  ? Same<Element<NonNullable<V>, In>, T> extends false
    ? Fault<'the type of the field is not what @Nested names'>
    : Optional extends true
      ? unknown
      : MayBe<undefined, V> | MayBe<null, V> extends false
        ? unknown
        : Fault<'a nested field that may be absent or null needs { optional: true }'>
  : F

// `never` first: it means that there is no `in`, and it extends everything.
type Element<V, In> = [In] extends [never]
  ? V
  : [In] extends ['array']
    ? V extends readonly (infer E)[]
      ? E
      : never
    : V extends Readonly<Record<string, infer E>>
      ? E
      : never

// Both ways: a subclass would bring fields that the policy of the named class does not know.
type Same<A, B> = IsAny<A> extends true ? false : [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** What `Encrypted(...)` returns. */
export type EncryptedDecorator<Optional extends boolean> = <Target, At extends Where>(
  target: Target,
  at: At & EncryptedRule<FieldOf<Target, At>, Optional>,
) => void

/** What `Masked(...)` returns. */
export type MaskedDecorator = <Target, At extends Where>(
  target: Target,
  at: At & MaskedRule<FieldOf<Target, At>>,
) => void

/** What `Authenticated(...)` returns. */
export type AuthenticatedDecorator<Optional extends boolean> = <Target, At extends Where>(
  target: Target,
  at: At & AuthenticatedRule<FieldOf<Target, At>, Optional>,
) => void

/** What `Nested(...)` returns. */
export type NestedDecorator<T, In, Optional extends boolean> = <Target, At extends Where>(
  target: Target,
  at: At & NestedRule<FieldOf<Target, At>, T, In, Optional>,
) => void

/** What `Model(...)` returns. */
export type ModelDecorator = <C extends abstract new (...args: any[]) => object>(
  target: C,
  context?: ClassDecoratorContext<C>,
) => void
