import { HeldLease, type Lease } from '../lock/lease.ts';
import { type AnyClass, type Begin, declare } from './wiring.ts';

/** A path that depends on the arguments of the call. */
export type PathOf<Args extends readonly unknown[]> = (...args: Args) => string;

// biome-ignore lint/suspicious/noExplicitAny: decorators are given methods of any type, and give back one of the same.
type AnyMethod = (...args: any[]) => any;

/** A decorator of methods in both forms that TypeScript has: with `experimentalDecorators`, and without. */
export interface MethodDecorator {
  <M extends AnyMethod>(
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
  <M extends AnyMethod>(method: M, context: ClassMethodDecoratorContext): M;
}

export interface Behaviour {
  /** What a call of the method does instead. */
  call(self: object, args: unknown[]): Promise<unknown>;
  /** What begins with each instance. */
  readonly begin?: Begin;
}

/** Makes a decorator that replaces a method. `parameters` is how many the method declares. */
export function methodDecorator(
  decorator: string,
  behave: (method: AnyMethod, parameters: number) => Behaviour,
): MethodDecorator {
  const replaced = (method: unknown, name: string | symbol) => {
    if (typeof method !== 'function')
      throw new TypeError(`${decorator} is for methods, and ${String(name)} is none`);
    const behaviour = behave(method as AnyMethod, method.length);
    const wrapper = function (this: object, ...args: unknown[]) {
      return behaviour.call(this, args);
    };
    Object.defineProperty(wrapper, 'name', { value: String(name) });
    return { wrapper, begin: behaviour.begin };
  };
  const decorate = (
    target: unknown,
    where: string | symbol | ClassMethodDecoratorContext,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof where !== 'object') {
      const { wrapper, begin } = replaced(descriptor?.value, where);
      const decorated = (target as object).constructor as AnyClass;
      if (begin !== undefined) declare(decorated, `${decorator} ${String(where)}`, begin);
      return { ...descriptor, value: wrapper };
    }
    const { wrapper, begin } = replaced(target, where.name);
    if (begin !== undefined) {
      where.addInitializer(function () {
        declare((this as object).constructor as AnyClass, `${decorator} ${String(where.name)}`, begin);
      });
    }
    return wrapper;
  };
  return decorate as MethodDecorator;
}

/**
 * The arguments with a lease behind them, no earlier than in the place of the last parameter, so that optional ones before it may be
 * left out. (Those with a default value are not counted by JavaScript: they have to be given.) A lease that stands there already gives
 * way.
 */
export function withLease(args: readonly unknown[], parameters: number, lease: Lease): unknown[] {
  const all = [...args];
  const place = parameters - 1;
  all[leaseIn(args, parameters) === null ? Math.max(args.length, place) : place] = lease;
  return all;
}

/** The lease that the caller has given in the place of the last parameter. */
export function leaseIn(args: readonly unknown[], parameters: number): HeldLease | null {
  const given = args[parameters - 1];
  return given instanceof HeldLease ? given : null;
}
