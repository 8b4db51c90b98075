using System.Data.Common;
using System.Net.Sockets;

namespace SeamlessReboot.Tests;

/// <summary>What a rehearsal's failure says of the release, and what it says only of the server beside it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RehearsalConflictTests
{
    private sealed class DatabaseFailure(Exception? inner = null) : DbException("the database", inner);

    [TestCase(SocketError.AddressAlreadyInUse, true, true)]
    [TestCase(SocketError.AddressAlreadyInUse, false, true)]
    [TestCase(SocketError.ConnectionRefused, true, true)]
    [TestCase(SocketError.ConnectionRefused, false, false)]
    [TestCase(SocketError.HostNotFound, false, false)]
    public void A_socket_is_occupied_or_out_of_reach(SocketError code, bool isAlone, bool isConflict)
    {
        SocketException failure = new((int)code);
        Assert.That(RehearsalStage.IsConflict(failure, isAlone), Is.EqualTo(isConflict));
        Assert.That(RehearsalStage.IsConflict(new InvalidOperationException("wrapped", new DatabaseFailure(failure)), isAlone), Is.EqualTo(isConflict));
        Assert.That(RehearsalStage.IsConflict(new AggregateException(new InvalidDataException(), failure), isAlone), Is.EqualTo(isConflict));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_database_or_a_file_that_is_locked_is_no_fault_of_the_release_and_a_bug_is(bool isAlone)
    {
        Assert.That(RehearsalStage.IsConflict(new DatabaseFailure(), isAlone));
        Assert.That(RehearsalStage.IsConflict(new IOException("locked", 11), isAlone));
        Assert.That(RehearsalStage.IsConflict(new IOException("full", 28), isAlone), Is.False);
        Assert.That(RehearsalStage.IsConflict(new InvalidDataException("a bug"), isAlone), Is.False);
        Assert.That(RehearsalStage.IsConflict(null, isAlone), Is.False);
    }
}
