use super::*;

fn open_background(scratch: &Scratch) -> Directory<Os> {
    Directory::open(Os::new(scratch.path()).unwrap(), &Options { background: true, ..options() }).unwrap()
}

#[test]
fn the_thread_makes_files_and_a_flush_waits_for_it() {
    let scratch = Scratch::new();
    let store = open_background(&scratch);
    for n in 0..300 {
        wait(store.put(&format!("tile/{n}"), vec![1; 100].into())).unwrap();
    }
    wait(store.flush()).unwrap();
    assert_eq!(std::fs::read_dir(scratch.path().join("tile")).unwrap().count(), 300);
}

#[test]
fn put_waits_while_too_much_is_on_its_way_and_nothing_is_lost() {
    let scratch = Scratch::new();
    let store = open_background(&scratch);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let store = store.clone();
            thread::spawn(move || {
                for n in 0..40 {
                    wait(store.put(&format!("{thread}/{n}"), vec![thread; 3000].into())).unwrap();
                    assert_eq!(get(&store, &format!("{thread}/{n}")).unwrap().len(), 3000);
                    if n % 10 == 0 {
                        wait(store.flush()).unwrap();
                    }
                }
                wait(store.flush()).unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(store);
    let store = open_background(&scratch);
    for thread in 0..4 {
        for n in 0..40 {
            assert_eq!(get(&store, &format!("{thread}/{n}")).unwrap(), vec![thread; 3000]);
        }
    }
}

#[test]
fn dropping_ends_the_thread_and_gives_the_directory_back() {
    let scratch = Scratch::new();
    for n in 0..20 {
        let store = open_background(&scratch);
        wait(store.put(&format!("a/{n}"), "a".into())).unwrap();
    }
    open_background(&scratch);
}
