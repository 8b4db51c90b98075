using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>One lock for everything, as many servers have: whoever speaks holds it, and whoever saves takes it too.</summary>
internal sealed class LockTests : RebooterFixture
{
    [Test]
    public async Task A_lock_that_is_held_by_who_writes_and_taken_by_who_saves_is_no_deadlock()
    {
        Lock world = new();
        Image image = New();
        image.Rebooter.Keep("mail", () =>
        {
            lock (world)
                return "kept";
        }, _ => { });
        image.Register().Serve();
        List<Client> clients = [Connect(image), Connect(image), Connect(image)];
        foreach (Client client in clients)
            await client.SaysAndHearsAsync("a\n", "1 a\n");
        using CancellationTokenSource stopping = new();
        using ManualResetEventSlim written = new();
        Thread talking = new(() =>
        {
            while (!stopping.IsCancellationRequested)
            {
                lock (world)
                    foreach (EchoSession session in image.Rebooter.GetSessions().OfType<EchoSession>())
                        session.Tell("tick\n"u8);
                written.Set();
                Thread.Yield();
            }
        })
        { IsBackground = true };
        talking.Start();
        Assert.That(written.Wait(Limits.Long), Is.True);
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        for (int i = 0; i < 5; i++)
            Assert.That((await CalledOffAsync(image)).Stage, Is.EqualTo(RebootStage.Exec), "All was captured and kept.");
        await stopping.CancelAsync();
        Assert.That(talking.Join(Limits.Long), Is.True);
    }
}
