using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Descriptors;

/// <summary>Close-on-exec flags are the whole process's, so these run alone.</summary>
[NonParallelizable]
internal sealed class StraysTests
{
    private static int Number(System.Runtime.InteropServices.SafeHandle handle) => (int)handle.DangerousGetHandle();

    [Test]
    public void Strays_are_marked_and_survivors_are_not_and_all_of_it_can_be_undone([Values] StrayMeans means)
    {
        using SocketPair pair = SocketPair.Tcp();
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out, HandleInheritability.None);
        using SafeFileHandle stray = new(Fd.Duplicate(pair.Client.SafeHandle), true);
        int survivor = Number(pair.Server.SafeHandle), leak = Number(stray), other = Number(pipe.SafePipeHandle);
        Assert.That(Fd.TrySetCloseOnExec(leak, false));
        HashSet<int> survivors = [survivor];
        List<int> found = Strays.Find(survivors, means);
        Assert.That(found, Does.Contain(leak).And.Not.Contain(survivor).And.Not.Contain(other));
        Assert.That(found, Has.All.GreaterThan(2));
        Action undo = Strays.Mark(survivors, found, means);
        Assert.That((Fd.IsCloseOnExec(survivor), Fd.IsCloseOnExec(leak), Fd.IsCloseOnExec(other)), Is.EqualTo((false, true, true)));
        Assert.That(Strays.Find(survivors, means), Is.Empty);
        undo();
        Assert.That((Fd.IsCloseOnExec(survivor), Fd.IsCloseOnExec(leak), Fd.IsCloseOnExec(other)), Is.EqualTo((true, false, true)));
    }

    [Test]
    public void A_stray_that_came_after_the_search_is_marked_too([Values] StrayMeans means)
    {
        using SocketPair pair = SocketPair.Tcp();
        List<int> found = Strays.Find(new HashSet<int>(), means);
        using SafeFileHandle late = new(Fd.Duplicate(pair.Client.SafeHandle), true);
        Fd.TrySetCloseOnExec(Number(late), false);
        Action undo = Strays.Mark(new HashSet<int>(), found, means);
        Assert.That(Fd.IsCloseOnExec(Number(late)), Is.True);
        undo();
    }

    [TestCase(StrayMeans.CloseRange)]
    [TestCase(StrayMeans.ProcFd)]
    public void Strays_above_4095_are_seen_where_the_kernel_tells(StrayMeans means)
    {
        using SocketPair pair = SocketPair.Tcp();
        int high = Mono.Unix.Native.Syscall.dup2(Number(pair.Client.SafeHandle), 4500);
        if (high != 4500)
            Assert.Ignore("This process may not have so many descriptors.");
        using SafeFileHandle stray = new(high, true);
        List<int> found = Strays.Find(new HashSet<int>(), means);
        Assert.That(found, Does.Contain(high));
        Action undo = Strays.Mark(new HashSet<int>(), found, means);
        Assert.That(Fd.IsCloseOnExec(high), Is.True);
        undo();
        Assert.That(Fd.IsCloseOnExec(high), Is.False);
    }

    [Test]
    public void Standard_streams_are_left_alone([Values] StrayMeans means)
    {
        bool?[] before = [Fd.IsCloseOnExec(0), Fd.IsCloseOnExec(1), Fd.IsCloseOnExec(2)];
        Strays.Mark(new HashSet<int>(), [], means)();
        Assert.That(new[] { Fd.IsCloseOnExec(0), Fd.IsCloseOnExec(1), Fd.IsCloseOnExec(2) }, Is.EqualTo(before));
    }

    [Test]
    public void A_survivor_that_is_not_open_any_more_is_passed_over([Values] StrayMeans means) =>
        Assert.That(() => Strays.Mark(new HashSet<int> { 1_000_000 }, [], means)(), Throws.Nothing);

    [Test]
    public void A_survivor_that_children_inherit_is_inherited_by_them_again_after_the_undoing([Values] StrayMeans means)
    {
        using SocketPair pair = SocketPair.Tcp();
        using SafeFileHandle kept = new(Fd.Duplicate(pair.Client.SafeHandle), true);
        Fd.TrySetCloseOnExec(Number(kept), false);
        Strays.Mark(new HashSet<int> { Number(kept) }, [], means)();
        Assert.That(Fd.IsCloseOnExec(Number(kept)), Is.False);
    }

    [Test]
    public void A_table_names_takes_and_keeps_the_rest()
    {
        using SocketPair pair = SocketPair.Tcp(), other = SocketPair.Tcp();
        int a = Fd.Duplicate(pair.Server.SafeHandle), b = Fd.Duplicate(other.Server.SafeHandle);
        Fd.TrySetCloseOnExec(a, false);
        InheritedDescriptors table = new();
        byte[] identity = FdIdentity.Of(pair.Server.SafeHandle).Encode();
        Assert.That(table.TryAdd("a", a, identity));
        Assert.That(Fd.IsCloseOnExec(a), Is.True);
        Assert.That(table.TryAdd("a", b, identity), Is.False, "The name is taken.");
        Assert.That(table.TryAdd("a2", a, identity), Is.False, "The descriptor is taken.");
        Assert.That(table.TryAdd("stdin", 0, identity), Is.False);
        Assert.That(table.TryAdd("closed", 1_000_000, identity), Is.False);
        Assert.That(table.TryAdd("b", b, identity), "Wrong, but that is only seen when it is taken.");
        Assert.That(table.Unclaimed, Is.EquivalentTo(new[] { a, b }));
        Assert.That(table.TryTake("a", out int taken, out string? refusal));
        Assert.That((taken, refusal), Is.EqualTo((a, (string?)null)));
        Assert.That(table.TryTake("a", out _, out refusal), Is.False, "Each is taken once.");
        Assert.That(refusal, Is.Null);
        Assert.That(table.TryTake("b", out _, out refusal), Is.False);
        Assert.That(refusal, Does.Contain($"Descriptor {b} is not the one that was recorded as 'b'").And.Contain("socket:["));
        Assert.That(table.Unclaimed, Is.Empty);
        Fd.Close(a);
        Fd.Close(b);
    }

    [Test]
    public void Descriptors_without_a_name_are_found_by_their_flag()
    {
        using SocketPair pair = SocketPair.Tcp(), except = SocketPair.Tcp();
        int a = Fd.Duplicate(pair.Server.SafeHandle), b = Fd.Duplicate(except.Server.SafeHandle);
        Fd.TrySetCloseOnExec(a, false);
        Fd.TrySetCloseOnExec(b, false);
        InheritedDescriptors table = new();
        table.AddNameless([b]);
        Assert.That(table.Unclaimed, Is.EqualTo(new[] { a }), "DescriptorGuard has marked all others.");
        Assert.That((Fd.IsCloseOnExec(a), Fd.IsCloseOnExec(b)), Is.EqualTo((true, false)));
        Fd.Close(a);
        Fd.Close(b);
    }

    [Test]
    public void A_listener_without_a_name_is_found_by_its_address()
    {
        using System.Net.Sockets.Socket listener = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        int copy = Fd.Duplicate(listener.SafeHandle);
        Fd.TrySetCloseOnExec(copy, false);
        InheritedDescriptors table = new();
        table.AddNameless([]);
        System.Net.SocketAddress address = listener.LocalEndPoint!.Serialize(), another = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1).Serialize();
        Assert.That(table.TakeListener("tcp:x", another.Buffer.Span[..another.Size]), Is.Null);
        Assert.That(table.TakeListener("tcp:x", address.Buffer.Span[..address.Size]), Is.EqualTo(copy));
        Assert.That(table.TakeListener("tcp:x", address.Buffer.Span[..address.Size]), Is.Null);
        Fd.Close(copy);
    }
}
