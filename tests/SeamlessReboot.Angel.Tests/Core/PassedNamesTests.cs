using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.Tests.Support;
using SeamlessReboot.Supervision;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Which descriptors have a name in LISTEN_FDNAMES, and what becomes of the others.</summary>
internal sealed class PassedNamesTests
{
    [Test]
    public void Names_that_fit_are_all_in_the_variable()
    {
        using PassedNames names = new([new HeldListener("web", 10, "tcp://*:80")], Stored(3, ""));
        Assert.That((names.Count, names.Variable), Is.EqualTo((4, "web:s0:s1:s2")));
        Assert.That(names.Descriptors, Is.EqualTo(new[] { 10, 100, 101, 102 }));
        Assert.That(names.Unnamed, Is.Empty);
    }

    [Test]
    public void Where_they_do_not_fit_a_file_has_all_of_them([Values(600, 5000)] int count)
    {
        using PassedNames names = new([new HeldListener("web", 10, "tcp://*:80")], Stored(count, new string('x', 230)));
        string[] variable = names.Variable.Split(':');
        Assert.That(names.Variable, Has.Length.LessThan(128 * 1024 - 32));
        Assert.That(variable, Has.Length.EqualTo(names.Count));
        Assert.That((variable[0], variable[^1]), Is.EqualTo(("web", PassedDescriptors.NamesFile)));
        Assert.That(names.Descriptors, Has.Count.EqualTo(count + 2));
        int file = names.Descriptors[names.Count - 1];
        string[] all = File.ReadAllText($"/proc/self/fd/{file}").Split(':');
        Assert.That(all, Has.Length.EqualTo(count + 2));
        Assert.That(all.Take(names.Count), Is.EqualTo(variable));
        Assert.That(all.Skip(names.Count), Is.EqualTo(names.Unnamed.Select(s => s.Name)));
        Assert.That(names.Descriptors.Skip(names.Count), Is.EqualTo(names.Unnamed.Select(s => s.Fd)));
    }

    [Test]
    public void A_server_that_does_not_read_the_file_has_the_others_closed_once_it_is_ready()
    {
        using Rig rig = new();
        rig.Begin();
        rig.System.Unnamed = 7;
        rig.SeamlessReady();
        Assert.That(rig.System.Unnamed, Is.Zero);
        Assert.That(rig.Log, Has.Some.Contains("7 stored connections were closed"));
    }

    [Test]
    public void A_server_that_reads_the_file_keeps_them()
    {
        using Rig rig = new();
        rig.Begin();
        rig.System.Unnamed = 7;
        rig.Say("READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_NAMES=1");
        Assert.That(rig.System.Unnamed, Is.EqualTo(7));
        Assert.That(rig.Log, Has.None.Contains("closed"));
    }

    [Test]
    public void A_server_that_reboots_itself_into_a_release_that_does_not_read_the_file_keeps_them_too()
    {
        using Rig rig = new();
        rig.Begin();
        rig.System.Unnamed = 7;
        rig.Say("READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_NAMES=1");
        rig.Say("RELOADING=1");
        rig.SeamlessReady(generation: 1);
        Assert.That(rig.System.Unnamed, Is.EqualTo(7), "they came over the exec");
    }

    [Test]
    public void While_the_server_before_it_still_serves_them_nothing_is_closed()
    {
        using Rig rig = new();
        rig.Reach(State.RollingOver);
        int old = rig.Pid - 1;
        rig.System.Unnamed = 7;
        rig.Ready();
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.System.Unnamed, Is.EqualTo(7));
        rig.Exit(0, old);
        Assert.That(rig.System.Unnamed, Is.Zero);
    }

    [Test]
    public void Descriptors_that_the_kernel_had_no_room_for_are_told_as_refused()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Angel.OnNotification(rig.Pid, "FDSTORE=1\nFDNAME=c"u8, [], isCut: true);
        Assert.That(rig.Log, Has.Some.Contains("The store is full"));
    }

    private static List<StoredFd> Stored(int count, string padding) =>
        [.. Enumerable.Range(0, count).Select(i => new StoredFd(i, 100 + i, $"s{padding}{i}", false, new FileIdentity(1, (ulong)i)))];
}
