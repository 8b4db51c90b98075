using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Several callbacks before the process is replaced, and what they open again when it is not.</summary>
internal sealed class SuspendHookTests : RebooterFixture
{
    private readonly List<string> _calls = [];

    [SetUp]
    public void Clear() => _calls.Clear();

    [Test]
    public async Task The_last_that_was_added_is_called_first_and_the_options_last()
    {
        Image image = New(Options(flush: _ => Note("option"))).Register();
        image.Rebooter.OnSuspending(_ => Note("log"), () => Note("log again"));
        image.Rebooter.OnSuspending(_ => Note("database"), () => Note("database again"));
        image.Serve();
        await image.RebootAsync();
        Assert.That(_calls, Is.EqualTo(new[] { "database", "log", "option" }));
    }

    [Test]
    public async Task When_it_is_called_off_each_is_told_in_the_opposite_order_before_anybody_runs()
    {
        Image image = New().Register();
        image.Rebooter.OnSuspending(_ => Note("log"), () => Note("log again"));
        image.Rebooter.OnSuspending(_ => Note("database"), () => Note("database again"));
        image.Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server) { OnResume = () => _ = Note("resumed") });
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        await CalledOffAsync(image);
        Assert.That(_calls, Is.EqualTo(new[] { "resumed", "database", "log", "log again", "database again", "resumed" }));
        await CalledOffAsync(image);
        Assert.That(_calls.Count(c => c == "log again"), Is.EqualTo(2));
    }

    [Test]
    public async Task Only_those_that_were_called_are_told_also_when_they_throw()
    {
        Image image = New().Register();
        image.Rebooter.OnSuspending(_ => Note("never"), () => Note("never again"));
        image.Rebooter.OnSuspending(_ => throw new IOException("The database does not close."), () => throw new IOException("It does not open either."));
        image.Rebooter.OnSuspending(_ => Note("log"), () => Note("log again"));
        image.Serve();
        RebootException e = await CalledOffAsync(image);
        Assert.That((e.Stage, e.Message.Contains("The database does not close.", StringComparison.Ordinal)), Is.EqualTo((RebootStage.Flush, true)));
        Assert.That(_calls, Is.EqualTo(new[] { "log", "log again" }));
        Assert.That(image.Log.Has("It does not open either."));
    }

    [Test]
    public async Task One_that_hangs_is_told_when_it_has_returned_and_holds_up_nobody()
    {
        TaskCompletionSource go = new(), told = new();
        Image image = New(Options(flushTimeout: TimeSpan.FromMilliseconds(100))).Register();
        image.Rebooter.OnSuspending(_ => Note("never"), () => Note("never again"));
        image.Rebooter.OnSuspending(async _ => await go.Task, () =>
        {
            told.SetResult();
            return default;
        });
        image.Rebooter.OnSuspending(_ => Note("log"), () => Note("log again"));
        image.Serve();
        RebootException e = await CalledOffAsync(image);
        Assert.That(e.Message, Does.Contain("OnSuspending has not returned after 0.1 s"));
        Assert.That(await told.Task.StaysPendingAsync());
        go.SetResult();
        await told.Task.Within();
        Assert.That(_calls, Is.EqualTo(new[] { "log", "log again" }));
    }

    [Test]
    public async Task From_there_adding_is_an_error_and_no_deadlock()
    {
        Image image = New().Register();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.OnSuspending(_ => default, () =>
        {
            image.Rebooter.Add(new ScriptedSession(pair.Server));
            return default;
        });
        image.Serve();
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        await CalledOffAsync(image);
        Assert.That(image.Log.Has("from within a reboot"));
    }

    private ValueTask Note(string call)
    {
        lock (_calls)
            _calls.Add(call);
        return ValueTask.CompletedTask;
    }
}
