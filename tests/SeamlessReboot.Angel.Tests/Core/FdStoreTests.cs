using System.IO.Pipes;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>What is kept, what is not, and that nothing leaks.</summary>
[NonParallelizable]
internal sealed class FdStoreTests
{
    [Test]
    public void Order_is_that_of_storing_and_a_name_may_be_many()
    {
        FdStore store = new(10);
        foreach (string name in (string[])["b", "a", "b", "c"])
            Assert.That(store.Add(NewFd(), name, watched: false), Is.EqualTo(StoreResult.Stored));
        Assert.That(store.Entries.Select(e => e.Name), Is.EqualTo(new[] { "b", "a", "b", "c" }));
        Assert.That(store.Remove("b"), Is.EqualTo(2));
        Assert.That(store.Entries.Select(e => e.Name), Is.EqualTo(new[] { "a", "c" }));
        Assert.That(store.Remove("b"), Is.Zero);
        store.Clear();
    }

    [Test]
    public void The_same_file_under_the_same_name_is_kept_once()
    {
        FdStore store = new(10);
        using AnonymousPipeServerStream pipe = new();
        int first = Fd.Duplicate(pipe.SafePipeHandle), second = Fd.Duplicate(pipe.SafePipeHandle), third = Fd.Duplicate(pipe.SafePipeHandle);
        Assert.That(store.Add(first, "x", watched: false), Is.EqualTo(StoreResult.Stored));
        Assert.That(store.Add(second, "x", watched: false), Is.EqualTo(StoreResult.Duplicate));
        Assert.That(Fd.IsCloseOnExec(second), Is.Null, "it has been closed");
        Assert.That(store.Add(third, "y", watched: false), Is.EqualTo(StoreResult.Stored), "by another name it is another");
        store.Clear();
        Assert.That(Fd.IsCloseOnExec(first), Is.Null);
    }

    [Test]
    public void A_full_store_takes_nothing_and_closes_what_it_refuses()
    {
        FdStore store = new(2);
        store.Add(NewFd(), "a", watched: false);
        store.Add(NewFd(), "b", watched: false);
        int late = NewFd();
        Assert.That(store.Add(late, "c", watched: false), Is.EqualTo(StoreResult.Full));
        Assert.That(Fd.IsCloseOnExec(late), Is.Null);
        store.Remove("a");
        Assert.That(store.Add(NewFd(), "c", watched: false), Is.EqualTo(StoreResult.Stored));
        store.Clear();
        Assert.That(store.Count, Is.Zero);
    }

    [Test]
    public void Who_is_watched_is_watched_and_forgotten_before_it_is_closed()
    {
        List<string> told = [];
        FdStore store = new(10, e => told.Add("watch " + e.Name), e => told.Add($"forget {e.Name}, {(Fd.IsCloseOnExec(e.Fd) is null ? "closed" : "open")}"));
        store.Add(NewFd(), "a", watched: true);
        store.Add(NewFd(), "b", watched: false);
        StoredFd a = store.Entries.First();
        Assert.That(store.Drop(a.Id), Is.EqualTo(a));
        Assert.That(store.Drop(a.Id), Is.Null);
        store.Clear();
        Assert.That(told, Is.EqualTo(new[] { "watch a", "forget a, open" }));
    }

    [Test]
    public void A_number_that_is_not_open_is_refused() => Assert.That(new FdStore(1).Add(1_000_000, "a", watched: false), Is.EqualTo(StoreResult.Bad));

    [Test]
    public void Thousands_are_stored_and_removed_without_a_leak()
    {
        FdStore store = new(2000);
        int before = Fd.ListOpen()!.Count;
        for (int i = 0; i < 2000; i++)
            store.Add(NewFd(), "s" + i, watched: false);
        for (int i = 0; i < 2000; i++)
            store.Remove("s" + i);
        Assert.That(store.Count, Is.Zero);
        Assert.That(Fd.ListOpen()!.Count, Is.LessThan(before + 100));
    }

    [Test]
    public void A_lower_limit_refuses_the_next_and_drops_nobody()
    {
        FdStore store = new(10);
        foreach (string name in (string[])["a", "b", "c"])
            store.Add(NewFd(), name, watched: false);
        store.Limit = 2;
        Assert.That(store.Add(NewFd(), "d", watched: false), Is.EqualTo(StoreResult.Full));
        Assert.That(store.Count, Is.EqualTo(3));
        store.Clear();
    }

    [TestCase(1024, 70, 922)]
    [TestCase(20_000, 70, 19_418)]
    [TestCase(1_048_576, 70, 1_047_994)]
    [TestCase(64, 70, 0)]
    public void The_store_has_what_the_angel_itself_does_not_need(long limit, int own, int room) => Assert.That(StoreRoom.Of(limit, own), Is.EqualTo(room));

    private static int NewFd()
    {
        using AnonymousPipeServerStream pipe = new();
        return Fd.Duplicate(pipe.SafePipeHandle);
    }
}
