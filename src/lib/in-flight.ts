/**
 * The things that are under way: requests without an answer, tasks without an end. A Set would serve, but not for what is
 * made and ended with every request. A long-lived Set moves to another table again and again, and V8 lets each table
 * point to the next (OrderedHashTable::SetNextTable). Once one of them is in the old generation, it keeps all later tables
 * and their content alive until a full garbage collection. Until then each young one copies them: 40 of the 440 µs of an
 * invite.
 */
export interface InFlight<T> extends Iterable<T> {
  readonly size: number;
  /** Returns what removes the item; a second call does nothing. */
  add(item: T): () => void;
}

interface Place<T> {
  readonly item: T;
  index: number;
}

/** In no order: the last item takes the place of one that is removed. */
export function createInFlight<T>(): InFlight<T> {
  const places: Place<T>[] = [];
  return {
    get size() {
      return places.length;
    },
    add(item) {
      const place = { item, index: places.length };
      places.push(place);
      return () => {
        if (places[place.index] !== place) return;
        const last = places.pop();
        if (last === undefined || last === place) return;
        last.index = place.index;
        places[place.index] = last;
      };
    },
    [Symbol.iterator]: () => places.map(({ item }) => item).values(),
  };
}
